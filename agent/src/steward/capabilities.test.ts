import { expect, test } from 'vitest'
import { missingCapabilities, missingCapabilitiesText } from './capabilities.ts'

const status = (effective: string) =>
  `Name:\tnode\nCapPrm:\tffffffffffffffff\nCapEff:\t${effective}\nSeccomp:\t0\n`

test.each([
  ['root', '000001ffffffffff', []],
  ['nothing', '0000000000000000', ['CAP_NET_ADMIN', 'CAP_NET_RAW']],
  ['CAP_NET_RAW alone', '0000000000002000', ['CAP_NET_ADMIN']],
  ['CAP_NET_ADMIN alone', '0000000000001000', ['CAP_NET_RAW']],
  ['just the two', '0000000000003000', []],
])('%s', (_, effective, missing) => {
  expect(missingCapabilities(status(effective))).toEqual(missing)
})

test('no such line counts as none', () => {
  expect(missingCapabilities('')).toEqual(['CAP_NET_ADMIN', 'CAP_NET_RAW'])
})

test('the text names what is missing and the remedy', () => {
  const text = missingCapabilitiesText(['CAP_NET_RAW'])
  expect(text).toContain('lacks CAP_NET_RAW.')
  expect(text).toContain('AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN CAP_SYS_NICE')
})

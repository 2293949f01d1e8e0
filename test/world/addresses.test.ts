import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Prefix, parsePrefix } from '../../shared/src/network/prefix.ts'
import { createKernelLan } from './kernel-lan.ts'
import { eventually, holding, INTERFACE, type LanUnderTest } from './lan-under-test.ts'
import { createSimulatedLan } from './simulated-lan.ts'

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text)
  if (parsed === null) throw new Error(`not a prefix: ${text}`)
  return parsed
}
const vips = [prefix('192.0.2.100/24'), prefix('198.51.100.7/32')]

describe.each([
  ['the kernel', createKernelLan],
  ['the simulated LAN', createSimulatedLan],
] as const)('addresses of %s', (_, create) => {
  let lan: LanUnderTest
  beforeEach(async () => {
    lan = await create()
  })
  afterEach(() => lan.close())

  it('are there when acquire returns, gone when release does, and twice is once', async () => {
    lan.a.holdings.acquire(holding(INTERFACE, vips))
    lan.a.holdings.acquire(holding(INTERFACE, vips))
    const held = await lan.addressesOf('a')
    expect(held.toSorted()).toEqual(['192.0.2.1/24', '192.0.2.100/24', '198.51.100.7/32'])
    lan.a.holdings.release(holding(INTERFACE, vips))
    lan.a.holdings.release(holding(INTERFACE, vips))
    expect(await lan.addressesOf('a')).toEqual(['192.0.2.1/24'])
    expect(lan.a.told.failures).toEqual([])
  })

  it('of a virtual router never become the primary address', async () => {
    lan.a.holdings.acquire(holding(INTERFACE, [prefix('192.0.2.0/24'), ...vips]))
    expect(lan.a.links.state(INTERFACE)?.ipv4).toBe('192.0.2.1')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(lan.a.links.state(INTERFACE)?.ipv4).toBe('192.0.2.1')
    expect(lan.a.told.linkChanges).toEqual([])
  })

  it('are announced to the neighbours', async () => {
    const [vip] = vips
    if (vip === undefined) throw new Error('no address')
    lan.a.holdings.announce(INTERFACE, vips)
    await eventually('b knows that a has it', () => lan.whoHas(vip.address) === 'a')
  })

  it('that cannot be had are reported, after the call and one by one', async () => {
    lan.a.holdings.acquire(holding('nowhere0', vips))
    expect(lan.a.told.failures).toEqual([])
    await eventually('both failures', () => lan.a.told.failures.length === 2)
    expect(lan.a.told.failures[0]).toMatch(/^192\.0\.2\.100\/24 dev nowhere0: .*no interface nowhere0/)
  })
})

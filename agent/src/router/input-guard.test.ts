import type { Address } from '@aloft/shared/network/address'
import { expect, test } from 'vitest'
import type { Datagram } from '../world/router-world.ts'
import { idleInput } from './idle-input.test.support.ts'
import { type DroppedDatagram, guardDatagrams } from './input-guard.ts'

const datagram: Datagram = {
  interfaceName: 'eth0',
  family: 'ipv4',
  source: '192.0.2.1' as Address,
  destination: '224.0.0.18' as Address,
  ttl: 255,
  payload: new Uint8Array(),
}

test('a datagram that makes the loop throw is dropped and reported; the next one arrives', () => {
  const received: Datagram[] = []
  const dropped: DroppedDatagram[] = []
  const poison = { ...datagram, ttl: 1 }
  const guarded = guardDatagrams(
    idleInput({
      datagram(each) {
        if (each.ttl === 1) throw new Error('cannot')
        received.push(each)
      },
    }),
    (each) => dropped.push(each),
  )
  guarded.datagram(poison)
  guarded.datagram(datagram)
  expect(dropped).toEqual([{ datagram: poison, error: new Error('cannot') }])
  expect(received).toEqual([datagram])
})

test('what one read brought is passed on as such, and one datagram of it may be dropped', () => {
  const passed: string[] = []
  const guarded = guardDatagrams(
    idleInput({
      datagram() {
        passed.push('datagram')
        throw new Error('cannot')
      },
      together(deliver) {
        passed.push('begin')
        deliver()
        passed.push('end')
      },
    }),
    () => passed.push('dropped'),
  )
  guarded.together?.(() => guarded.datagram(datagram))
  expect(passed).toEqual(['begin', 'datagram', 'dropped', 'end'])
})

test.each([
  'alarm',
  'undecodable',
  'linkChanged',
  'virtualLinkChanged',
  'holdingFailed',
  'holdingLost',
] as const)('an error in %s is not hidden', (name) => {
  const fail = () => {
    throw new Error('our own bug')
  }
  const guarded = guardDatagrams(idleInput({ [name]: fail }), () => {})
  const calls = {
    alarm: () => guarded.alarm(),
    undecodable: () => guarded.undecodable({ interfaceName: 'eth0', family: 'ipv4', source: null }),
    linkChanged: () => guarded.linkChanged('eth0'),
    holdingFailed: () =>
      guarded.holdingFailed({ holder: null, kind: 'address', what: '', error: 'EPERM', remedy: null }),
    holdingLost: () => guarded.holdingLost({ holder: 'static', lost: [], byPort: null }),
    virtualLinkChanged: () => guarded.virtualLinkChanged('eth0 ipv4 51'),
  }
  expect(calls[name]).toThrow('our own bug')
})

import { expect, it } from 'vitest'
import { address } from '../../vrrp/examples.test.support.ts'
import type { BfdDatagram } from '../../world/bfd-links.ts'
import { RecordedBfd } from './recorded-bfd.ts'

const one = (): BfdDatagram => ({
  interfaceName: 'eth0',
  hops: 'single-hop',
  source: address('192.0.2.9'),
  destination: address('192.0.2.1'),
  ttl: 255,
  payload: Uint8Array.of(0x20, 0xc0, 3, 24),
})

it('is the datagram as text, and the same object for an equal one', () => {
  const recorded = new RecordedBfd()
  const input = recorded.inputOf(one())
  expect(input).toEqual({ kind: 'bfd', datagram: { ...one(), payload: '20c00318' } })
  expect(recorded.inputOf(one())).toBe(input)
})

it.each<[string, Partial<BfdDatagram>]>([
  ['interface', { interfaceName: 'eth1' }],
  ['hops', { hops: 'multihop' }],
  ['source', { source: address('192.0.2.8') }],
  ['destination', { destination: address('192.0.2.2') }],
  ['ttl', { ttl: 254 }],
  ['payload', { payload: Uint8Array.of(0x20, 0xc0, 3, 25) }],
  ['length', { payload: Uint8Array.of(0x20, 0xc0, 3) }],
])('is another when its %s is', (_, changed) => {
  const recorded = new RecordedBfd()
  const input = recorded.inputOf(one())
  const other = { ...one(), ...changed }
  expect(recorded.inputOf(other)).not.toBe(input)
  expect(recorded.inputOf(other)).toMatchObject({ datagram: { ...changed, payload: expect.any(String) } })
})

it('survives that its bytes are written over', () => {
  const recorded = new RecordedBfd()
  const datagram = one()
  const input = recorded.inputOf(datagram)
  datagram.payload.fill(0)
  expect(recorded.inputOf(one())).toBe(input)
})

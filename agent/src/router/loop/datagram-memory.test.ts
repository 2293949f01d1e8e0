import { describe, expect, it } from 'vitest'
import { routerConfig } from '../../vrrp/examples.test.support.ts'
import { DatagramMemory } from './datagram-memory.ts'
import { advertisementFrom } from './fake-world.test.support.ts'
import { hexOf } from './hex.ts'

const one = () => advertisementFrom(routerConfig())

describe('what is known of a datagram', () => {
  it('is the same object for an equal one', () => {
    const memory = new DatagramMemory()
    expect(memory.recall(one())).toBe(memory.recall(one()))
  })

  it('is the same object for the very same one, and for an equal one after that', () => {
    const memory = new DatagramMemory()
    const datagram = one()
    const known = memory.recall(datagram)
    expect([memory.recall(datagram), memory.recall(one()), memory.recall(datagram)]).toEqual([
      known,
      known,
      known,
    ])
    memory.forget()
    expect(memory.recall(datagram)).not.toBe(known)
  })

  it('is its text in a recording', () => {
    const { payload, ...rest } = one()
    const expected = { kind: 'datagram', datagram: { ...rest, payload: hexOf(payload) } }
    expect(new DatagramMemory().recall(one()).input).toEqual(expected)
  })

  it('is begun anew when anything of it differs', () => {
    const bytes = one().payload
    for (const i of bytes.keys()) {
      const memory = new DatagramMemory()
      const before = memory.recall(one())
      const changed = bytes.with(i, (bytes[i] ?? 0) ^ 1)
      expect(memory.recall({ ...one(), payload: changed })).not.toBe(before)
    }
    const memory = new DatagramMemory()
    const before = memory.recall(one())
    expect(memory.recall({ ...one(), ttl: 254 })).not.toBe(before)
    expect(memory.recall({ ...one(), interfaceName: 'eth1' })).not.toBe(before)
    expect(memory.recall({ ...one(), payload: bytes.slice(0, -1) })).not.toBe(before)
    expect(memory.recall({ ...one(), authenticated: { identification: 1 } })).not.toBe(before)
  })

  it('survives that its bytes are written over', () => {
    const memory = new DatagramMemory()
    const datagram = one()
    const before = memory.recall(datagram)
    datagram.payload.fill(0)
    expect(memory.recall(one())).toBe(before)
  })
})

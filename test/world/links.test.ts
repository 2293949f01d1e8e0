import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GROUP } from '../../agent/src/vrrp/virtual-router.ts'
import type { OutgoingPacket } from '../../agent/src/world/links.ts'
import { knownAddress } from '../../shared/src/network/address.ts'
import { createKernelLan } from './kernel-lan.ts'
import { ENDPOINT, eventually, INTERFACE, type LanUnderTest, pause } from './lan-under-test.ts'
import { createSimulatedLan } from './simulated-lan.ts'

describe.each([
  ['the kernel', createKernelLan],
  ['the simulated LAN', createSimulatedLan],
] as const)('links of %s', (_, create) => {
  let lan: LanUnderTest
  beforeEach(async () => {
    lan = await create()
  })
  afterEach(() => lan.close())

  const packet = (...bytes: number[]): OutgoingPacket => ({
    source: knownAddress('192.0.2.1'),
    destination: GROUP.ipv4,
    ttl: 255,
    payload: Uint8Array.from(bytes),
  })

  it('know state and primary address from the start, and no interface that is not there', () => {
    expect(lan.a.links.state(INTERFACE)).toMatchObject({ up: true, ipv4: '192.0.2.1' })
    expect(lan.b.links.state(INTERFACE)).toMatchObject({ up: true, ipv4: '192.0.2.2' })
    expect(lan.a.links.state('nowhere0')).toBeNull()
    expect(lan.a.links.send('nowhere0', packet(1))).toBe(false)
  })

  it('deliver to the group, whole and in order, with source, destination and TTL; never to the sender', async () => {
    for (let i = 0; i < 50; i++) expect(lan.a.links.send(INTERFACE, packet(i, 0xff))).toBe(true)
    await eventually('50 datagrams', () => lan.b.told.datagrams.length === 50)
    expect(lan.b.told.datagrams[0]).toEqual({
      interfaceName: INTERFACE,
      family: 'ipv4',
      source: '192.0.2.1',
      destination: '224.0.0.18',
      ttl: 255,
      payload: Uint8Array.of(0, 0xff),
    })
    // Each has its own bytes: nothing is delivered as a view of a buffer that the next one overwrites.
    expect(lan.b.told.datagrams.map(({ payload }) => payload[0])).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    )
    expect(lan.a.told.datagrams).toEqual([])
  })

  it('deliver what is for the host itself, once, however many endpoints there are, and to no other group', async () => {
    const other = knownAddress('224.0.0.99')
    for (const group of [null, other]) lan.b.links.open({ ...ENDPOINT, group })
    lan.b.links.close({ ...ENDPOINT, group: other })
    for (const [i, destination] of [other, knownAddress('192.0.2.2'), GROUP.ipv4].entries())
      expect(lan.a.links.send(INTERFACE, { ...packet(i), destination, ttl: 64 })).toBe(true)
    await eventually('the last', () => lan.b.told.datagrams.length >= 2)
    await pause(20)
    const heard = lan.b.told.datagrams.map(({ destination, ttl, payload }) => [destination, ttl, payload[0]])
    expect(heard).toEqual([
      ['192.0.2.2', 64, 1],
      [GROUP.ipv4, 64, 2],
    ])
  })

  it('deliver what is under an authentication header to who asked for it, with its identification', async () => {
    const signed = { ...packet(7), authenticated: { identification: 0x1234 } }
    for (const host of [lan.a, lan.b]) host.links.open({ ...ENDPOINT, isAuthenticated: true })
    lan.a.links.send(INTERFACE, signed)
    const datagram = await eventually('it', () => lan.b.told.datagrams[0])
    expect(datagram).toMatchObject({ authenticated: { identification: 0x1234 }, payload: Uint8Array.of(7) })
    lan.b.links.close({ ...ENDPOINT, isAuthenticated: true })
    lan.a.links.send(INTERFACE, signed)
    lan.a.links.send(INTERFACE, packet(8))
    await eventually('the other', () => lan.b.told.datagrams.length === 2)
    expect(lan.b.told.datagrams[1]?.payload).toEqual(Uint8Array.of(8))
  })

  it('deliver nothing once closed', async () => {
    lan.b.links.close(ENDPOINT)
    lan.a.links.send(INTERFACE, packet(1))
    await pause(30)
    expect(lan.b.told.datagrams).toEqual([])
    lan.b.links.open(ENDPOINT)
    lan.a.links.send(INTERFACE, packet(2))
    await eventually('the datagram after opening again', () => lan.b.told.datagrams.length === 1)
  })

  it('tell of an interface that goes down and comes back', async () => {
    await lan.setUp('a', false)
    await eventually('down is told', () => lan.a.told.linkChanges.includes(INTERFACE))
    expect(lan.a.links.state(INTERFACE)).toMatchObject({ up: false })
    expect(lan.a.links.send(INTERFACE, packet(1))).toBe(false)
    await lan.setUp('a', true)
    await eventually('up is told', () => lan.a.links.state(INTERFACE)?.up)
    lan.a.links.send(INTERFACE, packet(9))
    await eventually('traffic flows again', () =>
      lan.b.told.datagrams.some(({ payload }) => payload[0] === 9),
    )
  })
})

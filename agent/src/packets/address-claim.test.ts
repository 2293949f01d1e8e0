import { describe, expect, it } from 'vitest'
import { address } from '../vrrp/examples.test.support.ts'
import {
  arpFilter,
  claimInArp,
  claimInNeighbourAdvertisement,
  macText,
  neighbourAdvertisementFilter,
} from './address-claim.ts'
import { encodeGratuitousArp } from './arp.ts'
import { encodeUnsolicitedAdvertisement } from './neighbour-advertisement.ts'

const mac = Uint8Array.of(2, 0, 0, 0, 0, 9)
const IPV4 = address('192.0.2.100')
const IPV6 = address('2001:db8::100')
const arp = encodeGratuitousArp({ mac, address: IPV4 })
const advertisement = encodeUnsolicitedAdvertisement({ mac, address: IPV6, isRouter: false })

/** The few instructions that these programs use, as the kernel runs them. */
function run(program: Uint8Array, frame: Uint8Array): number {
  const view = new DataView(program.buffer)
  const data = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  let loaded = 0
  for (let i = 0; i < program.length / 8; i++) {
    const code = view.getUint16(8 * i, true)
    const operand = view.getUint32(8 * i + 4, true)
    if (code === 0x06) return operand
    if (code === 0x15) i += view.getUint8(8 * i + (loaded === operand ? 2 : 3))
    else if (operand + (code === 0x20 ? 4 : 1) > frame.length) return 0
    else loaded = code === 0x20 ? data.getUint32(operand) : data.getUint8(operand)
  }
  throw new Error('ran off the end')
}

describe('a claim', () => {
  it('RFC 826: is what the sender of an ARP packet says of itself', () => {
    expect(claimInArp(arp)).toEqual({ address: IPV4, mac: '02:00:00:00:00:09' })
  })

  it('RFC 4861 §4.4: is the target of a neighbour advertisement', () => {
    expect(claimInNeighbourAdvertisement(advertisement)).toEqual({ address: IPV6, mac: '02:00:00:00:00:09' })
  })

  it('RFC 5227 §1.1: is none in a probe, which has no sender address', () => {
    const probe = arp.slice()
    probe.fill(0, 28, 32)
    expect(claimInArp(probe)).toBeNull()
  })

  it('RFC 4861 §7.1.2: is none that came from another link', () => {
    const routed = advertisement.slice()
    routed[21] = 254
    expect(claimInNeighbourAdvertisement(routed)).toBeNull()
  })

  it('is none in anything shorter', () => {
    for (let length = 0; length < 42; length++) expect(claimInArp(arp.subarray(0, length))).toBeNull()
    for (let length = 0; length < 78; length++)
      expect(claimInNeighbourAdvertisement(advertisement.subarray(0, length))).toBeNull()
  })

  it('never throws on other frames', () => {
    for (let seed = 1; seed < 2000; seed++) {
      const frame = Uint8Array.from({ length: seed % 120 }, (_, i) => (seed * 31 + i * i * 7) & 255)
      expect(() => [claimInArp(frame), claimInNeighbourAdvertisement(frame)]).not.toThrow()
    }
  })

  it('names a MAC as people write it', () => expect(macText(mac)).toBe('02:00:00:00:00:09'))
})

describe('the filter of a socket', () => {
  const others = Array.from({ length: 300 }, (_, i) => address(`10.0.${i >> 8}.${i & 255}`))
  const others6 = Array.from({ length: 300 }, (_, i) => address(`2001:db8:1::${(i + 1).toString(16)}`))

  it('lets an address of ours through, wherever it is in the list, and no other', () => {
    expect(run(arpFilter([...others, IPV4]), arp)).toBeGreaterThan(0)
    expect(run(arpFilter([IPV4, ...others]), arp)).toBeGreaterThan(0)
    expect(run(arpFilter(others), arp)).toBe(0)
  })

  it('does so for IPv6, and for nothing but neighbour advertisements', () => {
    expect(run(neighbourAdvertisementFilter([...others6, IPV6]), advertisement)).toBeGreaterThan(0)
    expect(run(neighbourAdvertisementFilter([IPV6, ...others6]), advertisement)).toBeGreaterThan(0)
    expect(run(neighbourAdvertisementFilter(others6), advertisement)).toBe(0)
    const solicitation = advertisement.slice()
    solicitation[54] = 135
    expect(run(neighbourAdvertisementFilter([IPV6]), solicitation)).toBe(0)
    const udp = advertisement.slice()
    udp[20] = 17
    expect(run(neighbourAdvertisementFilter([IPV6]), udp)).toBe(0)
  })

  it('is never longer than the kernel takes', () => {
    const many = Array.from({ length: 3000 }, (_, i) => address(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`))
    expect(arpFilter(many).length / 8).toBeLessThanOrEqual(4096)
    const many6 = Array.from({ length: 1000 }, (_, i) => address(`2001:db8::${(i + 1).toString(16)}`))
    expect(neighbourAdvertisementFilter(many6).length / 8).toBeLessThanOrEqual(4096)
  })
})

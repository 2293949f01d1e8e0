import { knownAddress } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { encodeEthernetFrame, macBytes } from '../../packets/ethernet.ts'
import { encodeIpv4Packet } from '../../packets/ipv4.ts'
import { encodeIpv6Packet } from '../../packets/ipv6.ts'
import { virtualMacFilter } from './virtual-mac-filter.ts'

const OURS = macBytes('00:00:5e:00:01:33')

/** What bpf(4) says the instructions do, as far as the program uses them; bytes let through. */
function run(program: Uint8Array, frame: Uint8Array): number {
  const code = new DataView(program.buffer)
  const data = new DataView(frame.buffer)
  let loaded = 0
  for (let at = 0; ; at++) {
    const operand = code.getUint32(at * 8 + 4, true)
    switch (code.getUint16(at * 8, true)) {
      case 0x20:
        loaded = data.getUint32(operand)
        break
      case 0x28:
        loaded = data.getUint16(operand)
        break
      case 0x30:
        loaded = data.getUint8(operand)
        break
      case 0x15:
        at += code.getUint8(at * 8 + (loaded === operand ? 2 : 3))
        break
      default:
        return operand
    }
  }
}

function frame(family: 'ipv4' | 'ipv6', protocol: number, mac = OURS): Uint8Array {
  const fields = {
    trafficClass: 0xc0,
    protocol,
    ttl: 255,
    nextHeader: protocol,
    hopLimit: 255,
    identification: 1,
  }
  const ipv4 = { ...fields, source: knownAddress('192.0.2.1'), destination: knownAddress('224.0.0.18') }
  const ipv6 = { ...fields, source: knownAddress('fe80::1'), destination: knownAddress('ff02::12') }
  const payload = new Uint8Array(8)
  const packet = family === 'ipv4' ? encodeIpv4Packet(ipv4, payload) : encodeIpv6Packet(ipv6, payload)
  return encodeEthernetFrame(
    { destination: macBytes('01:00:5e:00:00:12'), source: mac, etherType: 0x0800 },
    packet,
  )
}

describe.each(['ipv4', 'ipv6'] as const)('the filter of a virtual MAC, %s', (family) => {
  const program = virtualMacFilter(OURS, family)

  it.each([112, 51])('lets protocol %i of that MAC address through', (protocol) => {
    expect(run(program, frame(family, protocol))).toBe(0xffff)
  })

  it.each([1, 6, 17, 58, 111, 113])('lets no protocol %i through', (protocol) => {
    expect(run(program, frame(family, protocol))).toBe(0)
  })

  it('lets no other MAC address through, whichever bit differs', () => {
    for (let bit = 0; bit < 48; bit++) {
      const mac = OURS.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      expect(run(program, frame(family, 112, mac))).toBe(0)
    }
  })
})

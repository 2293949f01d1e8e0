import { knownAddress } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { encodeEthernetFrame, macBytes } from '../../packets/ethernet.ts'
import { encodeIpv4Packet } from '../../packets/ipv4.ts'
import { encodeIpv6Packet } from '../../packets/ipv6.ts'
import { virtualMacFilter } from './virtual-mac-filter.ts'

/** What bpf(4) says the instructions do, as far as the program uses them; bytes let through. */
function run(program: Uint8Array, frame: Uint8Array, interfaceIndex: number): number {
  const code = new DataView(program.buffer)
  const data = new DataView(frame.buffer)
  let loaded = 0
  for (let at = 0; at * 8 < program.length; at++) {
    const operand = code.getUint32(at * 8 + 4, true)
    switch (code.getUint16(at * 8, true)) {
      case 0x20:
        // linux/filter.h: SKF_AD_OFF is -0x1000, SKF_AD_IFINDEX is 8.
        expect(operand | 0).toBe(-0x1000 + 8)
        loaded = interfaceIndex
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
  throw new Error('the program has no end')
}

function frame(family: 'ipv4' | 'ipv6', protocol: number): Uint8Array {
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
  const addresses = { destination: macBytes('01:00:5e:00:00:12'), source: macBytes('00:00:5e:00:01:33') }
  return encodeEthernetFrame({ ...addresses, etherType: 0x0800 }, packet)
}

describe.each(['ipv4', 'ipv6'] as const)('the filter of virtual MACs, %s', (family) => {
  it.each([[[]], [[2]], [[2, 3, 4]], [Array.from({ length: 70 }, (_, i) => i + 2)]])(
    'lets VRRP through, except by the interfaces %j',
    (except) => {
      const program = virtualMacFilter(except, family)
      expect(program.length).toBeLessThanOrEqual(64 * 8)
      for (const protocol of [112, 51]) {
        expect(run(program, frame(family, protocol), 1)).toBe(0xffff)
        expect(run(program, frame(family, protocol), 99)).toBe(0xffff)
        for (const index of except.slice(0, 50)) expect(run(program, frame(family, protocol), index)).toBe(0)
      }
      for (const protocol of [1, 6, 17, 58, 111, 113])
        expect(run(program, frame(family, protocol), 1)).toBe(0)
    },
  )
})

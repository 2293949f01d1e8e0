import { knownAddress } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { encodeIpv4Packet, hasIpv4Options } from './ipv4.ts'
import { readIpv4Datagram } from './ipv4-datagram.ts'

const fields = {
  source: knownAddress('192.0.2.2'),
  destination: knownAddress('224.0.0.18'),
  protocol: 112,
  ttl: 255,
  trafficClass: 0xc0,
  identification: 0x1234,
}
const plain = { interfaceName: 'eth0', isAuthenticated: false }
const signed = { interfaceName: 'eth0', isAuthenticated: true }
const payload = Uint8Array.of(0x31, 51, 100, 1)
/** The same packet with a header of six words: a router alert (RFC 2113). */
const withOptions = (protocol: number) => {
  const packet = Buffer.from(encodeIpv4Packet({ ...fields, protocol }, payload))
  const longer = Buffer.concat([packet.subarray(0, 20), Buffer.from('94040000', 'hex'), packet.subarray(20)])
  longer[0] = 0x46
  longer.writeUInt16BE(longer.length, 2)
  return new Uint8Array(longer)
}

describe('a received packet', () => {
  it('is the datagram it carries, and says where it came from', () => {
    expect(readIpv4Datagram(encodeIpv4Packet(fields, payload), plain)).toEqual({
      datagram: {
        interfaceName: 'eth0',
        family: 'ipv4',
        source: '192.0.2.2',
        destination: '224.0.0.18',
        ttl: 255,
        payload,
      },
    })
  })

  it('under an authentication header brings the identification that the header vouches for', () => {
    const packet = encodeIpv4Packet({ ...fields, protocol: 51 }, payload)
    expect(readIpv4Datagram(packet, signed)).toMatchObject({
      datagram: { authenticated: { identification: 0x1234 }, payload },
    })
  })

  it('of another protocol is nobody’s here', () => {
    expect(readIpv4Datagram(encodeIpv4Packet(fields, payload), signed)).toBeNull()
    expect(readIpv4Datagram(encodeIpv4Packet({ ...fields, protocol: 51 }, payload), plain)).toBeNull()
  })

  it('may have IP options, but not under an authentication header, which would have to cover them', () => {
    expect(hasIpv4Options(withOptions(112))).toBe(true)
    expect(hasIpv4Options(encodeIpv4Packet(fields, payload))).toBe(false)
    expect(readIpv4Datagram(withOptions(112), plain)).toMatchObject({ datagram: { payload } })
    expect(readIpv4Datagram(withOptions(51), signed)).toEqual({
      undecodable: { interfaceName: 'eth0', family: 'ipv4', source: '192.0.2.2' },
    })
  })

  it('shorter than it says has a source only where its header reaches so far', () => {
    const packet = encodeIpv4Packet(fields, payload)
    for (let length = 0; length < packet.length; length++) {
      const source = length < 20 ? null : '192.0.2.2'
      expect(readIpv4Datagram(packet.subarray(0, length), plain)).toEqual({
        undecodable: { interfaceName: 'eth0', family: 'ipv4', source },
      })
    }
  })
})

import { knownAddress } from '@aloft/shared/network/address'
import { expect, it } from 'vitest'
import { decodeIpv6Packet, encodeIpv6Packet } from './ipv6.ts'

it('RFC 9568 §5.1.2: an advertisement goes to ff02::12 with hop limit 255 as next header 112', () => {
  const fields = {
    source: knownAddress('fe80::1'),
    destination: knownAddress('ff02::12'),
    nextHeader: 112,
    hopLimit: 255,
    trafficClass: 0xc0,
  }
  expect(Buffer.from(encodeIpv6Packet(fields, Uint8Array.of(0xab, 0xcd, 0xef))).toString('hex')).toBe(
    `6c00000000037${'0'}ff${'fe80000000000000000000000000000' + '1'}${'ff02000000000000000000000000001' + '2'}abcdef`,
  )
})

it('is read as it was written, at no shorter length, and without what the frame adds', () => {
  const fields = {
    source: knownAddress('fe80::1'),
    destination: knownAddress('ff02::12'),
    nextHeader: 112,
    hopLimit: 255,
    trafficClass: 0xc0,
  }
  const payload = Uint8Array.of(1, 2, 3)
  const packet = encodeIpv6Packet(fields, payload)
  const padded = new Uint8Array([...packet, 0, 0, 0])
  expect(decodeIpv6Packet(padded)).toEqual({ ...fields, payload })
  for (let length = 0; length < packet.length; length++)
    expect(decodeIpv6Packet(packet.subarray(0, length))).toBeNull()
  expect(decodeIpv6Packet(Uint8Array.from(packet, (byte, i) => (i === 0 ? 0x45 : byte)))).toBeNull()
})

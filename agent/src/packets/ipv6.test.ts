import { knownAddress } from '@aloft/shared/network/address'
import { expect, it } from 'vitest'
import { encodeIpv6Packet } from './ipv6.ts'

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

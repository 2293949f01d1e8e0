import { knownAddress } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { encodeEthernetFrame, formatMac, macBytes, multicastMac } from './ethernet.ts'

describe('an Ethernet frame', () => {
  it('is destination, source, type, and what it carries', () => {
    const frame = encodeEthernetFrame(
      {
        destination: macBytes('01:00:5e:00:00:12'),
        source: macBytes('00:00:5e:00:01:33'),
        etherType: 0x0800,
      },
      Uint8Array.of(0x45, 0xc0),
    )
    expect(Buffer.from(frame).toString('hex')).toBe('01005e00001200005e000133080045c0')
  })

  it.each([
    ['224.0.0.18', '01:00:5e:00:00:12'],
    // Bit 23 of the group is no part of it: RFC 1112 §6.4.
    ['239.129.2.3', '01:00:5e:01:02:03'],
    ['ff02::12', '33:33:00:00:00:12'],
    ['ff02::1:ff00:64', '33:33:ff:00:00:64'],
  ])('to %s goes to %s', (group, mac) => {
    expect(formatMac(multicastMac(knownAddress(group)))).toBe(mac)
  })

  it.each([
    '',
    '00:00:5e:00:01',
    '00:00:5E:00:01:33',
    '0:0:5e:0:1:33',
    '00-00-5e-00-01-33',
    '00:00:5e:00:01:33:44',
  ])('has no address %j', (text) => expect(() => macBytes(text)).toThrow(RangeError))
})

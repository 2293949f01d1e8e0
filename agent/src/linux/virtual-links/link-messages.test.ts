import { describe, expect, it } from 'vitest'
import { formatMac, macBytes } from '../../packets/ethernet.ts'
import {
  decodeLinkDetail,
  encodeDeleteGroup,
  encodeGetLink,
  encodeNewLink,
  encodeSetGroup,
  encodeSetUp,
} from './link-messages.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (...parts: string[]) => new Uint8Array(Buffer.from(parts.join(''), 'hex'))

/** linux/rtnetlink.h, linux/if_link.h, by hand and little-endian: header, ifinfomsg, attributes. */
const NEW_MACVLAN = [
  '6c000000100005060700000000000000',
  '00000000000000000000000000000000',
  // IFLA_IFNAME vrrp.51, IFLA_LINK 2, IFLA_ADDRESS.
  '0c000300767272702e353100',
  '0800050002000000',
  '0a00010000005e0001330000',
  // IFLA_LINKINFO { IFLA_INFO_KIND macvlan, IFLA_INFO_DATA { IFLA_MACVLAN_MODE 1 } }.
  '1c001200',
  '0c0001006d6163766c616e00',
  '0c000200',
  '0800010001000000',
]

/** IFLA_LINKINFO { IFLA_INFO_KIND ipvlan, IFLA_INFO_DATA { IFLA_IPVLAN_MODE 0 (L2), IFLA_IPVLAN_FLAGS } }, the values of two bytes. */
const newIpvlan = (flags: string) => [
  '6c000000100005060700000000000000',
  '00000000000000000000000000000000',
  '0c000300767272702e353100',
  '0800050002000000',
  '24001200',
  '0b0001006970766c616e0000',
  '14000200',
  '0600010000000000',
  `06000200${flags}0000`,
]

describe('requests about links', () => {
  it('make a private macvlan', () => {
    const mac = macBytes('00:00:5e:00:01:33')
    const expected = bytes(...NEW_MACVLAN)
    expected[0] = expected.length
    expect(hex(encodeNewLink(7, { kind: 'macvlan', name: 'vrrp.51', parent: 2, mac }))).toBe(hex(expected))
  })

  it.each([
    ['bridge', '0000'],
    ['private', '0100'],
    ['vepa', '0200'],
  ] as const)('make an ipvlan on layer 2 in %s mode', (mode, flags) => {
    const expected = bytes(...newIpvlan(flags))
    expected[0] = expected.length
    expect(hex(encodeNewLink(7, { kind: 'ipvlan', name: 'vrrp.51', parent: 2, mode }))).toBe(hex(expected))
  })

  it('raise, lower, remove and ask', () => {
    expect(hex(encodeSetUp(8, 3, true))).toBe(
      '20000000100005000800000000000000' + '00000000030000000100000001000000',
    )
    expect(hex(encodeSetUp(8, 3, false))).toBe(
      '20000000100005000800000000000000' + '00000000030000000000000001000000',
    )
    expect(hex(encodeSetGroup(9, 3, 5))).toBe(
      '28000000100005000900000000000000' + '00000000030000000000000000000000' + '08001b0005000000',
    )
    expect(hex(encodeDeleteGroup(9, 5))).toBe(
      '28000000110005000900000000000000' + '00000000000000000000000000000000' + '08001b0005000000',
    )
    expect(hex(encodeGetLink(9, 'lo'))).toBe(
      '28000000120001000900000000000000' + '00000000000000000000000000000000' + '070003006c6f0000',
    )
  })
})

describe('what the kernel says of a link', () => {
  /** The same attributes as a notice: Ethernet, index 7, up. */
  const noticeOf = (request: readonly string[]) => {
    const notice = bytes(
      '00000000100000000700000000000000',
      '00000100070000000100000000000000',
      ...request.slice(2),
    )
    notice[0] = notice.length
    return notice
  }
  const NOTICE = noticeOf(NEW_MACVLAN)

  it('is read', () => {
    const link = decodeLinkDetail(NOTICE)
    expect(link && { ...link, mac: formatMac(link.mac) }).toEqual({
      index: 7,
      name: 'vrrp.51',
      isUp: true,
      isEthernet: true,
      mac: '00:00:5e:00:01:33',
      parent: 2,
      kind: 'macvlan',
      isPrivate: true,
      ipvlanMode: null,
    })
  })

  it.each([
    ['0000', 'bridge'],
    ['0100', 'private'],
    ['0200', 'vepa'],
    ['0300', null],
  ])('of an ipvlan with the flags %s: mode %s', (flags, mode) => {
    expect(decodeLinkDetail(noticeOf(newIpvlan(flags)))).toMatchObject({
      kind: 'ipvlan',
      isPrivate: false,
      ipvlanMode: mode,
    })
  })

  it('of an ipvlan that works on layer 3: none of ours', () => {
    const layer3 = newIpvlan('0000').map((part) => (part === '0600010000000000' ? '0600010001000000' : part))
    expect(decodeLinkDetail(noticeOf(layer3))).toMatchObject({ kind: 'ipvlan', ipvlanMode: null })
  })

  it.each([
    ['a loopback interface', 24, 0x09],
    ['a point-to-point interface', 24, 0x11],
    ['another kind of hardware', 19, 0x02],
  ])('of %s: no Ethernet', (_, offset, value) => {
    expect(decodeLinkDetail(NOTICE.map((byte, i) => (i === offset ? value : byte)))?.isEthernet).toBe(false)
  })

  it('is refused at every shorter length', () => {
    for (let length = 0; length < NOTICE.length; length++)
      expect(decodeLinkDetail(NOTICE.subarray(0, length))).toBeNull()
  })

  it('with any one bit flipped is something else or nothing, and never throws', () => {
    const whole = JSON.stringify(decodeLinkDetail(NOTICE))
    let unseen = 0
    for (let bit = 0; bit < NOTICE.length * 8; bit++) {
      const flipped = NOTICE.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      if (JSON.stringify(decodeLinkDetail(flipped)) === whole) unseen++
    }
    // Flags, change masks, sequence numbers and padding say nothing that is asked for.
    expect(unseen).toBeLessThan((NOTICE.length * 8) / 2)
  })
})

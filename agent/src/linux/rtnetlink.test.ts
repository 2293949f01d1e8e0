import { describe, expect, it } from 'vitest'
import { decodeMessages, encodeDump } from './rtnetlink.ts'

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const read = (hex: string) => decodeMessages(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

/** Messages of the shape of linux/rtnetlink.h as a little-endian kernel sends them, shortened to what we read. */
const LINK =
  '2c000000 1000 0000 00000000 00000000 00 00 0100 02000000 43100100 00000000 0900 0300 6574683000 000000'
const ADDRESS =
  '30000000 1400 0000 07000000 00000000 02 18 80 00 02000000 0800 0100 c0000264 0800 0200 c0000264 0500 0b00 70 000000'

describe('requests', () => {
  it('dump both tables', () => {
    expect(hexOf(encodeDump('links', 1))).toBe(`20000000120001030100000000000000${'00'.repeat(16)}`)
    expect(hexOf(encodeDump('addresses', 2))).toBe(`18000000160001030200000000000000${'00'.repeat(8)}`)
  })
})

describe('what the kernel says', () => {
  it('of links: flags decide whether they are up', () => {
    const link = (flags: string) => read(LINK.replace('43100100', flags))
    expect(link('43100100')).toEqual([
      {
        kind: 'link',
        gone: false,
        link: { index: 2, name: 'eth0', up: true, promotesSecondaries: true, mac: new Uint8Array(0) },
      },
    ])
    expect(link('03100000')).toMatchObject([{ link: { up: false } }]) // UP without RUNNING
    expect(link('42100100')).toMatchObject([{ link: { up: false } }]) // RUNNING without UP
  })

  it('of a port that leaves a bridge is no end of a link', () => {
    expect(read(LINK.replace('1000 0000', '1100 0000').replace(' 00 00 0100', ' 07 00 0100'))).toEqual([])
    expect(read(LINK.replace('1000 0000', '1100 0000'))).toMatchObject([{ kind: 'link', gone: true }])
  })

  it('of addresses, with their origin', () => {
    expect(read(ADDRESS)).toEqual([
      {
        kind: 'address',
        gone: false,
        port: 0,
        address: { index: 2, address: '192.0.2.100', prefixLength: 24, scope: 0, origin: 112 },
      },
    ])
  })

  it('of forwarding: for which interface; what else it says of the settings of one is passed over', () => {
    const told =
      '2c000000 5000 0000 00000000 00000000 02000000 0800 0100 07000000 0800 0200 01000000 0800 0300 00000000'
    expect(read(told)).toEqual([{ kind: 'forwarding', index: 7 }])
    // As Linux 6.18 says that force_forwarding of an interface has changed.
    expect(read('1c000000 5000 0000 00000000 00000000 0a000000 0800 0100 02000000')).toEqual([
      { kind: 'forwarding', index: 2 },
    ])
    expect(read(told.replace('0800 0200', '0800 0700'))).toEqual([])
    expect(read(told.replace('0800 0100 07000000', '0800 0100 ffffffff'))).toEqual([
      { kind: 'forwarding', index: -1 },
    ])
  })

  it('to a request, in words where it has any', () => {
    const words = Buffer.from('no\0').toString('hex')
    const refused = `2c000000 0200 0003 09000000 00000000 efffffff ${'00'.repeat(16)} 0700 0100 ${words} 00`
    expect(read(refused)).toEqual([{ kind: 'reply', sequence: 9, errno: 17, text: 'no' }])
    expect(read(`24000000 0200 0001 09000000 00000000 00000000 ${'00'.repeat(16)}`)).toEqual([
      { kind: 'reply', sequence: 9, errno: 0, text: '' },
    ])
  })

  it('in one read, several messages; a dump that was interrupted says so', () => {
    const messages = read(`${LINK}${ADDRESS}14000000 0300 1200 05000000 00000000 00000000`)
    expect(messages.map(({ kind }) => kind)).toEqual(['link', 'address', 'interrupted', 'done'])
  })

  it.each([
    ['a length of zero', '00000000100000000000000000000000'],
    ['a length beyond the end', 'ff000000100000000000000000000000'],
    ['a header cut short', '1000000010'],
    ['a link cut short', '14000000 1000 0000 00000000 00000000 00000000'],
    ['an address without bytes', '18000000 1400 0000 00000000 00000000 0218000002000000'],
    ['an attribute longer than the rest', LINK.replace('0900 0300', 'ff00 0300')],
    ['an address of three bytes', '20000000 1400 0000 00000000 00000000 0218000002000000 0700 0200 c0000200'],
  ])('is not believed with %s', (_, hex) => expect(read(hex)).toEqual([]))
})

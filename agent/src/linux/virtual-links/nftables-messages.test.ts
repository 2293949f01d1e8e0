/** The table itself is judged by the kernel and by nft (test/lab/accept-mode.test.ts); here are the bytes around it. */
import { describe, expect, it } from 'vitest'
import { addElements, deletedTables, deleteTable, encodeBatch, removeElements } from './nftables-messages.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (...parts: string[]) => new Uint8Array(Buffer.from(parts.join(''), 'hex'))

/** linux/netfilter/nfnetlink.h: begin and end of a batch for nf_tables (subsystem 10). */
const BEGIN = '14000000100001000000000000000000' + '0000000a'
const END = '14000000110001000000000000000000' + '0000000a'
const ELEMENT = { set: 'ipv4', key: Uint8Array.of(192, 0, 2, 100) } as const

/** NFTA_SET_ELEM_LIST: table t, set ipv4, elements { { key { value 192.0.2.100 } } }. */
const LIST = [
  '060001007400' + '0000',
  '0900020069707634' + '00000000',
  '14000380' + '10000180' + '0c000180' + '08000100c0000264',
]

describe('a batch', () => {
  it('adds elements: one request, numbered and answered, between the ends of a batch', () => {
    const middle = bytes('3c0000000c0a05040700000000000000', '01000000', ...LIST)
    expect(hex(encodeBatch(7, addElements('t', [ELEMENT])))).toBe(BEGIN + hex(middle) + END)
  })

  it('removes them', () => {
    const middle = bytes('3c0000000e0a05000700000000000000', '01000000', ...LIST)
    expect(hex(encodeBatch(7, removeElements('t', [ELEMENT])))).toBe(BEGIN + hex(middle) + END)
  })

  it('has a request for each set, numbered in order, and none for no elements', () => {
    const ipv6 = { set: 'ipv6', key: new Uint8Array(16) } as const
    expect(addElements('t', [ELEMENT, ipv6, ELEMENT]).length).toBe(2)
    expect(addElements('t', [])).toEqual([])
    expect(hex(encodeBatch(1, []))).toBe(BEGIN + END)
  })
})

describe('a notice of the kernel’s', () => {
  const NOTICE = encodeBatch(1, [deleteTable('aloft')]).subarray(20, -20)

  it('names the table that was removed', () => {
    expect(deletedTables(NOTICE)).toEqual(['aloft'])
    expect(deletedTables(new Uint8Array([...NOTICE, ...NOTICE]))).toEqual(['aloft', 'aloft'])
  })

  it('of anything else, or of another family, names none', () => {
    expect(deletedTables(encodeBatch(1, addElements('aloft', [ELEMENT])))).toEqual([])
    expect(deletedTables(NOTICE.map((byte, i) => (i === 16 ? 2 : byte)))).toEqual([])
  })

  it('names none at any shorter length', () => {
    for (let length = 0; length < NOTICE.length; length++)
      expect(deletedTables(NOTICE.subarray(0, length))).toEqual([])
  })
})

/** A classic BPF program (linux/filter.h): VRRP packets that came in by other interfaces than some. Pure. */
import { IPPROTO_AH, IPPROTO_VRRP, LITTLE_ENDIAN } from '../kernel-numbers.ts'

const LOAD_WORD = 0x20
const LOAD_BYTE = 0x30
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06
const ALL = 0xffff
/** SKF_AD_OFF + SKF_AD_IFINDEX: not a place in the frame, but the interface it came by. */
const INTERFACE_INDEX = 0xffff_f000 + 8
/** As many as a program may be long; those beyond cost a wasted wake-up. */
const INTERFACES_MAX = 50

/** Where in the frame the IP header's protocol (or next header) stands. */
const PROTOCOL_OFFSET = { ipv4: 14 + 9, ipv6: 14 + 6 } as const

export function virtualMacFilter(except: readonly number[], family: 'ipv4' | 'ipv6'): Uint8Array {
  const indexes = except.slice(0, INTERFACES_MAX)
  return program([
    [LOAD_WORD, 0, 0, INTERFACE_INDEX],
    ...indexes.map((index, i): Instruction => [JUMP_IF_EQUAL, indexes.length - i + 3, 0, index]),
    [LOAD_BYTE, 0, 0, PROTOCOL_OFFSET[family]],
    [JUMP_IF_EQUAL, 1, 0, IPPROTO_VRRP],
    [JUMP_IF_EQUAL, 0, 1, IPPROTO_AH],
    [RETURN, 0, 0, ALL],
    [RETURN, 0, 0, 0],
  ])
}

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number]

function program(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [i, [code, ifTrue, ifFalse, operand]] of instructions.entries()) {
    view.setUint16(i * 8, code, LITTLE_ENDIAN)
    view.setUint8(i * 8 + 2, ifTrue)
    view.setUint8(i * 8 + 3, ifFalse)
    view.setUint32(i * 8 + 4, operand, LITTLE_ENDIAN)
  }
  return bytes
}

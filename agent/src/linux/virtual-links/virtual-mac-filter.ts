/** A classic BPF program (linux/filter.h): VRRP packets whose link-layer source is one MAC address. Pure. */
import { IPPROTO_AH, IPPROTO_VRRP, LITTLE_ENDIAN } from '../kernel-numbers.ts'

const LOAD_WORD = 0x20
const LOAD_HALF = 0x28
const LOAD_BYTE = 0x30
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06
const ALL = 0xffff

/** Where in the frame the source address and the IP header's protocol (or next header) stand. */
const SOURCE_OFFSET = 6
const PROTOCOL_OFFSET = { ipv4: 14 + 9, ipv6: 14 + 6 } as const

export function virtualMacFilter(mac: Uint8Array, family: 'ipv4' | 'ipv6'): Uint8Array {
  const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength)
  return program([
    [LOAD_WORD, 0, 0, SOURCE_OFFSET],
    [JUMP_IF_EQUAL, 0, 6, view.getUint32(0)],
    [LOAD_HALF, 0, 0, SOURCE_OFFSET + 4],
    [JUMP_IF_EQUAL, 0, 4, view.getUint16(4)],
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

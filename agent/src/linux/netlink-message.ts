/** How every netlink message is built (netlink(7)): a header, a fixed body, attributes; each part aligned to four. */
import { LITTLE_ENDIAN } from './kernel-numbers.ts'

export const NLM_F_REQUEST = 0x1
const NLM_F_ACK = 0x4
export const NLM_F_DUMP = 0x300
export const NLM_F_REPLACE = 0x100
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400
export const NLM_F_APPEND = 0x800
const NESTED = 0x8000

/** Bytes of `struct nlmsghdr`. */
export const HEADER_BYTES = 16

export interface MessageHeader {
  readonly type: number
  readonly flags: number
  readonly sequence: number
}

/** A whole message with its length filled in. */
export function message(header: MessageHeader, parts: readonly Uint8Array[]): Uint8Array {
  const length = HEADER_BYTES + parts.reduce((sum, part) => sum + align(part.length), 0)
  const bytes = new Uint8Array(length)
  const view = viewOf(bytes)
  view.setUint32(0, length, LITTLE_ENDIAN)
  view.setUint16(4, header.type, LITTLE_ENDIAN)
  view.setUint16(6, header.flags, LITTLE_ENDIAN)
  view.setUint32(8, header.sequence, LITTLE_ENDIAN)
  place(bytes, HEADER_BYTES, parts)
  return bytes
}

/** Numbers a message that was made without, and says whether it wants an answer when all went well. */
export function readdress(bytes: Uint8Array, sequence: number, wantsAnswer: boolean): void {
  const view = viewOf(bytes)
  const flags = view.getUint16(6, LITTLE_ENDIAN) & ~NLM_F_ACK
  view.setUint16(6, wantsAnswer ? flags | NLM_F_ACK : flags, LITTLE_ENDIAN)
  view.setUint32(8, sequence, LITTLE_ENDIAN)
}

export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length)
  const view = viewOf(bytes)
  view.setUint16(0, bytes.length, LITTLE_ENDIAN)
  view.setUint16(2, type, LITTLE_ENDIAN)
  bytes.set(value, 4)
  return bytes
}

/** An attribute made of attributes. `isMarked` sets the flag that newer families ask for. */
export function nest(type: number, parts: readonly Uint8Array[], isMarked = false): Uint8Array {
  return attribute(isMarked ? type | NESTED : type, joined(parts))
}

/** Parts one after the other, each aligned. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + align(part.length), 0))
  place(bytes, 0, parts)
  return bytes
}

export function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  viewOf(bytes).setUint16(0, value, LITTLE_ENDIAN)
  return bytes
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setUint32(0, value, LITTLE_ENDIAN)
  return bytes
}

/** Text as the kernel has it: closed by a zero byte. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`)
}

export function align(length: number): number {
  return (length + 3) & ~3
}

/** Attributes by type; of several of one type the last. What contradicts its own length ends the reading. */
export function readAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>()
  const view = viewOf(bytes)
  for (let offset = 0; offset + 4 <= bytes.length; ) {
    const length = view.getUint16(offset, LITTLE_ENDIAN)
    if (length < 4 || offset + length > bytes.length) break
    // The top bits say "nested" and "network order"; the type is the rest.
    attributes.set(
      view.getUint16(offset + 2, LITTLE_ENDIAN) & 0x3fff,
      bytes.subarray(offset + 4, offset + length),
    )
    offset += align(length)
  }
  return attributes
}

export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function place(into: Uint8Array, at: number, parts: readonly Uint8Array[]): void {
  let offset = at
  for (const part of parts) {
    into.set(part, offset)
    offset += align(part.length)
  }
}

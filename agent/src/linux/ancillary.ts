/** Ancillary data of recvmsg(2), as cmsg(3) lays it out. */
import { LITTLE_ENDIAN } from './kernel-numbers.ts'

export interface ControlMessage {
  readonly level: number
  readonly type: number
  readonly data: Uint8Array
}

/** size_t, which the length has and everything is aligned to. */
const WORD = ['arm', 'ia32', 'mips', 'mipsel'].includes(process.arch) ? 4 : 8
const HEADER_BYTES = WORD + 8

/** Every whole message in the bytes that the kernel filled in; their data are views. */
export function controlMessages(bytes: Uint8Array): ControlMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const messages: ControlMessage[] = []
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length =
      WORD === 8 ? Number(view.getBigUint64(at, LITTLE_ENDIAN)) : view.getUint32(at, LITTLE_ENDIAN)
    if (length < HEADER_BYTES || at + length > bytes.length) break
    messages.push({
      level: view.getInt32(at + WORD, LITTLE_ENDIAN),
      type: view.getInt32(at + WORD + 4, LITTLE_ENDIAN),
      data: bytes.subarray(at + HEADER_BYTES, at + length),
    })
    at += Math.ceil(length / WORD) * WORD
  }
  return messages
}

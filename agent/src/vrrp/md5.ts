/**
 * MD5 (RFC 1321) and HMAC-MD5 (RFC 2104), for the one header that knows nothing better (RFC 2402, RFC 2403). Here and
 * not from Node, because this folder is pure; an advertisement has a hundred bytes, a few a second.
 */

const BLOCK_BYTES = 64

/** RFC 1321 §3.4: how far each step rotates, four by four. */
const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const SINES = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32))

export function md5(message: Uint8Array): Uint8Array {
  const padded = new DataView(pad(message).buffer)
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
  for (let at = 0; at < padded.byteLength; at += BLOCK_BYTES) {
    const words = Uint32Array.from({ length: 16 }, (_, i) => padded.getUint32(at + 4 * i, true))
    mix(state, words)
  }
  const digest = new DataView(new ArrayBuffer(16))
  for (const [i, word] of state.entries()) digest.setUint32(4 * i, word, true)
  return new Uint8Array(digest.buffer)
}

export function hmacMd5(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES)
  block.set(key.length > BLOCK_BYTES ? md5(key) : key)
  const inner = md5(
    joined(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  )
  return md5(
    joined(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  )
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length)
  both.set(left)
  both.set(right, left.length)
  return both
}

/** RFC 1321 §3.1, §3.2: a one, zeros, and the length in bits. */
function pad(message: Uint8Array): Uint8Array {
  const length = (Math.floor((message.length + 8) / BLOCK_BYTES) + 1) * BLOCK_BYTES
  const padded = new Uint8Array(length)
  padded.set(message)
  padded[message.length] = 0x80
  new DataView(padded.buffer).setBigUint64(length - 8, BigInt(message.length) * 8n, true)
  return padded
}

function mix(state: Uint32Array, words: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = state
  for (let i = 0; i < 64; i++) {
    const round = i >> 4
    const [f, word] = chosen(round, i, [b, c, d])
    const sum = (a + f + (SINES[i] ?? 0) + (words[word] ?? 0)) >>> 0
    const shift = SHIFTS[4 * round + (i & 3)] ?? 0
    a = d
    d = c
    c = b
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) >>> 0
  }
  for (const [i, word] of [a, b, c, d].entries()) state[i] = (state[i] ?? 0) + word
}

/** The function of a round (F, G, H, I), and which word of the block the step takes. */
function chosen(round: number, i: number, [b, c, d]: readonly [number, number, number]): [number, number] {
  switch (round) {
    case 0:
      return [(b & c) | (~b & d), i]
    case 1:
      return [(d & b) | (~d & c), (5 * i + 1) & 15]
    case 2:
      return [b ^ c ^ d, (3 * i + 5) & 15]
    default:
      return [c ^ (b | ~d), (7 * i) & 15]
  }
}

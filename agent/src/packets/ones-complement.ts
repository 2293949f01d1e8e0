/** The 16-bit one's complement sum of bytes in network order, an odd last byte padded with zero (RFC 1071 §1). */
export function onesComplementSum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  return foldCarries(sum)
}

/** Adds what has run over the 16 bits to them, until nothing does. */
export function foldCarries(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return folded
}

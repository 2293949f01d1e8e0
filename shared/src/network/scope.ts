import { type Address, addressBytes } from './address.ts'

/** fe80::/10 (RFC 4291 §2.4). */
export function isLinkLocal(address: Address): boolean {
  const bytes = addressBytes(address)
  return bytes.length === 16 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80
}

/** 224.0.0.0/4 (RFC 1112 §4), ff00::/8 (RFC 4291 §2.4). */
export function isMulticast(address: Address): boolean {
  const bytes = addressBytes(address)
  const [first = 0] = bytes
  return bytes.length === 16 ? first === 0xff : first >= 224 && first < 240
}

import { type Address, addressBytes } from '../network/address.ts'

/** Why no host can hold an address; null when one can. */
export function unusable(address: Address): string | null {
  const bytes = addressBytes(address)
  const [first = 0] = bytes
  if (bytes.length === 16) {
    if (first === 0xff) return 'a multicast address'
    return bytes.slice(0, 15).every((byte) => byte === 0) && (bytes[15] ?? 0) <= 1
      ? 'unspecified or loopback'
      : null
  }
  if (first === 0) return 'not an address of a host'
  if (first === 127) return 'a loopback address'
  if (first >= 224) return first >= 240 ? 'a reserved or broadcast address' : 'a multicast address'
  return null
}

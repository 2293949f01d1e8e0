/** The addresses on simulated LANs: each tells whose it is. */
import { type Address, parseAddress } from '@aloft/shared/network/address'

export function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new RangeError(`not an address: ${text}`)
  return parsed
}

/** What a host has of its own on a segment, by its number. */
export function hostAddresses(segment: number, host: number) {
  return {
    ipv4: address(`10.0.${segment}.${host}`),
    ipv6: address(`fe80::${segment + 1}:${host}`),
    others: [address(`2001:db8:${segment}::${host}`)],
  }
}

/** Which addresses are advertised, where there are more than an advertisement has room for. */
import { type Family, familyOf } from '../network/address.ts'
import type { VirtualAddress } from './holdings-config.ts'

/** One byte counts them (RFC 9568 §5.2.5); and of IPv6, a frame of 1500 bytes holds no more. */
export const ADVERTISED_MAX: Readonly<Record<Family, number>> = {
  ipv4: 255,
  ipv6: Math.floor((1500 - 40 - 8) / 16),
}

export function advertised(addresses: readonly VirtualAddress[]): {
  readonly addresses: readonly VirtualAddress[]
  /** Held all the same. */
  readonly rest: readonly VirtualAddress[]
} {
  const counts = { ipv4: 0, ipv6: 0 }
  const fits = addresses.map(
    ({ address }) => ++counts[familyOf(address)] <= ADVERTISED_MAX[familyOf(address)],
  )
  return { addresses: addresses.filter((_, i) => fits[i]), rest: addresses.filter((_, i) => !fits[i]) }
}

import { type Address, addressLength, familyOf, parseAddress } from './address.ts'

/** An address together with the length of the prefix it lives in: `192.0.2.100/24`. */
export interface Prefix {
  readonly address: Address
  readonly prefixLength: number
}

/** Reads `ADDRESS[/LENGTH]`. Without a length the prefix is the host itself (/32, /128), as keepalived has it. */
export function parsePrefix(text: string): Prefix | null {
  const [addressText = '', lengthText, ...rest] = text.split('/')
  const address = parseAddress(addressText)
  if (address === null || rest.length > 0) return null
  const bits = 8 * addressLength[familyOf(address)]
  if (lengthText === undefined) return { address, prefixLength: bits }
  if (!/^\d{1,3}$/.test(lengthText) || Number(lengthText) > bits) return null
  return { address, prefixLength: Number(lengthText) }
}

export function formatPrefix({ address, prefixLength }: Prefix): string {
  return `${address}/${prefixLength}`
}

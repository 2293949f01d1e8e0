/**
 * IP addresses as canonical text (RFC 5952 for IPv6), so that they compare with `===`, print, and travel in JSON
 * as they are. Bytes appear only where a packet is read or written.
 */

export type Family = 'ipv4' | 'ipv6'

/** An IP address in canonical text. Only `parseAddress` and `addressFromBytes` make one. */
export type Address = string & { readonly __brand: 'address' }

export const addressLength: Readonly<Record<Family, number>> = { ipv4: 4, ipv6: 16 }

/** Of a canonical address, and only of one. */
export function familyOf(address: Address): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}

/** Reads an address in any legal spelling, or returns null. Zone identifiers (`%eth0`) are not part of an address. */
export function parseAddress(text: string): Address | null {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text)
  return bytes === null ? null : addressFromBytes(bytes)
}

/** An address the program itself names, such as a multicast group. Throws RangeError on text that is none. */
export function knownAddress(text: string): Address {
  const address = parseAddress(text)
  if (address === null) throw new RangeError(`not an address: ${text}`)
  return address
}

/** Canonical text of 4 or 16 bytes in network order. Throws RangeError on any other length: that is a caller's bug. */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length === 4) return bytes.join('.') as Address
  if (bytes.length === 16) return formatIpv6(bytes) as Address
  throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`)
}

/** The 4 or 16 bytes of an address in network order. */
export function addressBytes(address: Address): Uint8Array {
  const bytes = address.includes(':') ? parseIpv6(address) : parseIpv4(address)
  if (bytes === null) throw new RangeError(`not a canonical address: ${address}`)
  return bytes
}

/** Orders addresses of one family as unsigned integers (RFC 9568 §6.4.3 tie-break): <0, 0 or >0. */
export function compareAddresses(left: Address, right: Address): number {
  const a = addressBytes(left)
  const b = addressBytes(right)
  for (const [i, byte] of a.entries()) {
    const difference = byte - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const bytes = new Uint8Array(4)
  for (const [i, part] of parts.entries()) {
    // A leading zero is refused: some parsers read it as octal, and an address must mean one thing.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null
    bytes[i] = Number(part)
  }
  return bytes
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseGroups(halves[0] ?? '')
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : []
  if (head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail]
  const bytes = new Uint8Array(16)
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >> 8
    bytes[2 * i + 1] = group & 0xff
  }
  return bytes
}

function parseGroups(text: string): number[] | null {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [i, part] of parts.entries()) {
    if (part.includes('.') && i === parts.length - 1) {
      const v4 = parseIpv4(part)
      if (v4 === null) return null
      const [a = 0, b = 0, c = 0, d = 0] = v4
      groups.push((a << 8) | b, (c << 8) | d)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}

function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  const run = longestZeroRun(groups)
  if (run.length < 2) return groups.map((group) => group.toString(16)).join(':')
  const head = groups.slice(0, run.start).map((group) => group.toString(16))
  const tail = groups.slice(run.start + run.length).map((group) => group.toString(16))
  return `${head.join(':')}::${tail.join(':')}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [i, group] of groups.entries()) {
    if (group !== 0) start = i + 1
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start }
  }
  return best
}

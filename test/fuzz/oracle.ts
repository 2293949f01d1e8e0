/**
 * Would an advertisement be right in sending this? Written from RFC 9568 §7.1 and RFC 3768 §7.1 and from nothing of the
 * agent, for the routers of `targets.ts`. What it calls right is not hostile, and is not fed.
 */
import type { Datagram } from '../../agent/src/world/links.ts'

const GROUPS = { ipv4: '224.0.0.18', ipv6: 'ff02::12' }

export function isRight(datagram: Datagram): boolean {
  // Nobody who fuzzes has the key, and what was signed with it has been heard already.
  if (datagram.authenticated !== undefined) return false
  const bytes = Buffer.from(datagram.payload)
  if (bytes.length < 8) return false
  const [first = 0, vrid = 0, , count = 0] = bytes
  const size = datagram.family === 'ipv4' ? 4 : 16
  const version = first >> 4
  if ((first & 15) !== 1 || count === 0) return false
  const isMulticast = datagram.destination === GROUPS[datagram.family]
  if (isMulticast && datagram.ttl !== 255) return false
  if (version === 3) {
    const isKnown =
      datagram.family === 'ipv6' ? vrid === 55 && isMulticast : isV3Target(datagram, vrid, isMulticast)
    return (
      isKnown &&
      bytes.length === 8 + count * size &&
      (bytes.readUInt16BE(4) & 0xfff) !== 0 &&
      isSummed(datagram, bytes)
    )
  }
  if (version !== 2 || datagram.family === 'ipv6' || !isMulticast || bytes[5] !== 1) return false
  const length = 8 + 4 * count + 8
  if (bytes.length < length || (bytes.length > length && bytes.length > 26)) return false
  const message = bytes.subarray(0, length)
  if (sum(message) !== 0xffff) return false
  if (vrid === 52) return message[4] === 0
  return vrid === 53 && message[4] === 1 && message.subarray(length - 8).toString('latin1') === 'secret42'
}

function isV3Target({ source, destination }: Datagram, vrid: number, isMulticast: boolean): boolean {
  if (vrid === 51) return isMulticast
  return vrid === 56 && source === '192.0.2.2' && !/^2(2[4-9]|3\d)\./.test(destination)
}

function isSummed({ family, source, destination }: Datagram, bytes: Buffer): boolean {
  if (family === 'ipv4' && sum(bytes) === 0xffff) return true
  const ways = family === 'ipv4' ? [destination, GROUPS.ipv4] : [destination]
  return ways.some((to) => sum(Buffer.concat([pseudoHeader(source, to, bytes.length), bytes])) === 0xffff)
}

function pseudoHeader(source: string, destination: string, length: number): Buffer {
  return Buffer.concat([
    bytesOf(source),
    bytesOf(destination),
    Buffer.from([0, 112, length >> 8, length & 255]),
  ])
}

function bytesOf(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const groups = (text: string) => text.split(':').filter(Boolean)
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0')
  const all = [...groups(head), ...(address.includes('::') ? zeros : []), ...groups(tail)]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

function sum(bytes: Buffer): number {
  let total = 0
  for (let at = 0; at < bytes.length; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}

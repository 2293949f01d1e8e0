import { BlockList, isIP } from 'node:net'
import type { Context } from 'hono'

/** What the HTTP server hands on beside the request; a `fetch` handler without a socket has none. */
interface SocketBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string | undefined } } | undefined
}

/** Balancers whose `X-Forwarded-For` is believed: addresses and prefixes. Throws a RangeError on anything else. */
export function trustedProxies(list: readonly string[]): BlockList {
  const trusted = new BlockList()
  for (const entry of list) {
    const [address = '', length] = entry.split('/')
    const family = isIP(address)
    const bits = length === undefined ? null : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
    if (family === 0 || (bits !== null && !(bits <= (family === 4 ? 32 : 128)))) {
      throw new RangeError(`a trusted proxy is an address or a prefix such as 10.0.0.0/8, not "${entry}"`)
    }
    if (bits === null) trusted.addAddress(address, family === 4 ? 'ipv4' : 'ipv6')
    else trusted.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
  }
  return trusted
}

/**
 * Where the request comes from: the peer of the socket, or, while that is a trusted proxy, whom it names. Null when
 * there is no peer (a unix socket, a serverless call).
 */
export function clientAddress(c: Context, trusted: BlockList): string | null {
  const { incoming }: SocketBindings = c.env ?? {}
  let address = plain(incoming?.socket?.remoteAddress ?? '')
  const forwarded = (c.req.header('x-forwarded-for') ?? '').split(',').map((hop) => plain(hop.trim()))
  while (isTrusted(trusted, address) && forwarded.length > 0) {
    const hop = forwarded.pop() ?? ''
    if (isIP(hop) === 0) break
    address = hop
  }
  return isIP(address) === 0 ? null : address
}

/** One who has an IPv6 address has 2^64 of them: what is limited is the network. */
export function limitedAs(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail = ''] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === '' ? [] : tail.split(':')
  const isShort = address.includes('::')
  const middle = isShort ? Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0') : []
  return `${[...front, ...middle, ...back].slice(0, 4).join(':')}::/64`
}

function isTrusted(trusted: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && trusted.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** Without the `::ffff:` of a socket that listens for both families, and without a zone. */
function plain(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return mapped?.[1] ?? address.replace(/%.*$/, '')
}

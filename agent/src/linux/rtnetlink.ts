/**
 * The bytes of rtnetlink (rtnetlink(7), linux/rtnetlink.h): requests about addresses, dumps, and what the kernel says
 * about links and addresses. Pure: no socket here.
 */
import { OUR_PROTOCOL } from '@aloft/shared/config/holdings-config'
import { type Address, addressFromBytes } from '@aloft/shared/network/address'
import { protocolOfRoute } from './holdings/held-key.ts'
import { promotesSecondaries } from './holdings/promote-secondaries.ts'
import { RTM_DELROUTE, RTM_GETROUTE, RTM_NEWROUTE } from './holdings/route-request.ts'
import { RTM_DELRULE, RTM_GETRULE, RTM_NEWRULE } from './holdings/rule-request.ts'
import { LITTLE_ENDIAN } from './kernel-numbers.ts'
import {
  align,
  HEADER_BYTES,
  message,
  NLM_F_DUMP,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  readAttributes,
  textOf,
  viewOf,
} from './netlink-message.ts'

const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const RTM_NEWADDR = 20
const RTM_DELADDR = 21
const RTM_GETADDR = 22
const RTM_NEWNETCONF = 80

const NLM_F_DUMP_INTR = 0x10

const IFLA_ADDRESS = 1
const IFLA_IFNAME = 3
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_PROTO = 11
const NLMSGERR_ATTR_MSG = 1
const NETCONFA_IFINDEX = 1
const NETCONFA_FORWARDING = 2
const IFA_F_DADFAILED = 0x08
const IFA_F_TENTATIVE = 0x40

const IFF_UP = 0x1
const IFF_RUNNING = 0x40

export type KernelMessage =
  | { readonly kind: 'link'; readonly gone: boolean; readonly link: LinkNotice }
  /** `port`: the netlink port whose request it was, often a pid; 0 where the kernel does not say. */
  | {
      readonly kind: 'address'
      readonly gone: boolean
      readonly port: number
      readonly address: AddressNotice
    }
  /** A route or rule that somebody added, changed or removed; `body` is the message without its header. */
  | RoutingNotice
  /** Forwarding was switched on or off for an interface, of one of the families. */
  | { readonly kind: 'forwarding'; readonly index: number }
  /** Answer to a request: `errno` is 0 or positive; `text` is the kernel's explanation where it gave one. */
  | { readonly kind: 'reply'; readonly sequence: number; readonly errno: number; readonly text: string }
  | { readonly kind: 'done'; readonly sequence: number; readonly errno: number }
  /** The tables changed while they were dumped: dump again. */
  | { readonly kind: 'interrupted' }

export interface RoutingNotice {
  readonly kind: 'route' | 'rule'
  readonly gone: boolean
  /** It took the place of others, of which nothing is said. */
  readonly replaces: boolean
  readonly port: number
  readonly body: Uint8Array
}

export interface LinkNotice {
  readonly index: number
  readonly name: string
  /** Administratively up, and the kernel holds it for operational. */
  readonly up: boolean
  /** The other addresses of a network stay when its first one goes. */
  readonly promotesSecondaries: boolean
  /** Link-layer address; empty for interfaces without one. */
  readonly mac: Uint8Array
}

export interface AddressNotice {
  readonly index: number
  readonly address: Address
  readonly prefixLength: number
  /** 0 everywhere, 253 the link, 254 this host only. */
  readonly scope: number
  /** IFA_PROTO; 0 where unknown. */
  readonly origin: number
  /** IPv6: duplicate address detection has not finished, or has found a duplicate. Nobody may use it. */
  readonly isTentative?: boolean
}

export type DumpedTable = 'links' | 'addresses' | 'routes' | 'rules'

const DUMPS: Readonly<Record<DumpedTable, { readonly type: number; readonly bytes: number }>> = {
  links: { type: RTM_GETLINK, bytes: 16 },
  addresses: { type: RTM_GETADDR, bytes: 8 },
  routes: { type: RTM_GETROUTE, bytes: 12 },
  rules: { type: RTM_GETRULE, bytes: 12 },
}

/** Asks for all of a table; the answers end with `done`. Of routes, a strict socket tells those of `protocol` only. */
export function encodeDump(
  table: DumpedTable,
  sequence: number,
  { family = 0, protocol = 0 }: { readonly family?: number; readonly protocol?: number } = {},
): Uint8Array {
  const { type, bytes } = DUMPS[table]
  const body = new Uint8Array(bytes)
  body[0] = family
  if (table === 'routes') body[5] = protocol
  return message({ type, flags: NLM_F_REQUEST | NLM_F_DUMP, sequence }, [body])
}

/** Asks for the removal of a route or rule in the kernel's own words for it. */
export function encodeRemoval({ kind, body }: RoutingNotice): Uint8Array {
  const type = kind === 'route' ? RTM_DELROUTE : RTM_DELRULE
  return message({ type, flags: NLM_F_REQUEST, sequence: 0 }, [body])
}

/** Reads what one recvmsg returned. A message that contradicts its own lengths ends the reading. */
export function decodeMessages(bytes: Uint8Array): KernelMessage[] {
  const messages: KernelMessage[] = []
  const view = viewOf(bytes)
  for (let offset = 0; offset + HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint32(offset, LITTLE_ENDIAN)
    if (length < HEADER_BYTES || offset + length > bytes.length) break
    const flags = view.getUint16(offset + 6, LITTLE_ENDIAN)
    if (flags & NLM_F_DUMP_INTR) messages.push({ kind: 'interrupted' })
    const type = view.getUint16(offset + 4, LITTLE_ENDIAN)
    const sequence = view.getUint32(offset + 8, LITTLE_ENDIAN)
    const port = view.getUint32(offset + 12, LITTLE_ENDIAN)
    const body = bytes.subarray(offset + HEADER_BYTES, offset + length)
    const read = decodeMessage({ type, flags, sequence, port }, body)
    if (read !== null) messages.push(read)
    offset += align(length)
  }
  return messages
}

interface Header {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly port: number
}

function decodeMessage({ type, flags, sequence, port }: Header, body: Uint8Array): KernelMessage | null {
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      const link = decodeLink(body)
      return link && { kind: 'link', gone: type === RTM_DELLINK, link }
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const address = decodeAddress(body)
      return address && { kind: 'address', gone: type === RTM_DELADDR, port, address }
    }
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
    case RTM_NEWRULE:
    case RTM_DELRULE:
      return routing({ type, flags, port }, body)
    case RTM_NEWNETCONF: {
      const index = forwardingOf(body)
      return index === null ? null : { kind: 'forwarding', index }
    }
    case NLMSG_ERROR:
      return { kind: 'reply', sequence, errno: errnoOf(body), text: replyText(body) }
    case NLMSG_DONE:
      return { kind: 'done', sequence, errno: errnoOf(body) }
    default:
      return null
  }
}

function routing({ type, flags, port }: Omit<Header, 'sequence'>, body: Uint8Array): RoutingNotice | null {
  if (body.length < 12) return null
  const kind = type === RTM_NEWROUTE || type === RTM_DELROUTE ? 'route' : 'rule'
  const gone = type === RTM_DELROUTE || type === RTM_DELRULE
  const replaces = (flags & NLM_F_REPLACE) !== 0
  // What others do with their own routes does not concern us, and may be thousands a second.
  if (kind === 'route' && !replaces && protocolOfRoute(body) !== OUR_PROTOCOL) return null
  // A copy: the buffer it was read into is used again.
  return { kind, gone, replaces, port, body: body.slice() }
}

function errnoOf(body: Uint8Array): number {
  return body.length < 4 ? 0 : 0 - viewOf(body).getInt32(0, LITTLE_ENDIAN)
}

/** The sockets ask for capped replies: after the number stands the request's header alone, then the attributes. */
function replyText(body: Uint8Array): string {
  const text = readAttributes(body.subarray(4 + HEADER_BYTES)).get(NLMSGERR_ATTR_MSG)
  return text === undefined ? '' : textOf(text)
}

function decodeLink(body: Uint8Array): LinkNotice | null {
  // Bridges speak of their ports in the same messages, under their own family: leaving a bridge is no end of a link.
  if (body.length < 16 || body[0] !== 0) return null
  const view = viewOf(body)
  const attributes = readAttributes(body.subarray(16))
  const name = attributes.get(IFLA_IFNAME)
  if (name === undefined) return null
  const flags = view.getUint32(8, LITTLE_ENDIAN)
  return {
    index: view.getInt32(4, LITTLE_ENDIAN),
    name: textOf(name),
    up: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0,
    promotesSecondaries: promotesSecondaries(attributes),
    mac: attributes.get(IFLA_ADDRESS)?.slice() ?? new Uint8Array(0),
  }
}

/**
 * Of which interface struct netconfmsg (linux/netconf.h) tells forwarding; `all` and `default` have negative numbers. Where
 * it names an interface and nothing else, that is IPv6's `force_forwarding` (Linux 6.18).
 */
function forwardingOf(body: Uint8Array): number | null {
  const attributes = readAttributes(body.subarray(align(1)))
  const index = attributes.get(NETCONFA_IFINDEX)
  if (index?.length !== 4 || (attributes.size > 1 && !attributes.has(NETCONFA_FORWARDING))) return null
  return viewOf(index).getInt32(0, LITTLE_ENDIAN)
}

function decodeAddress(body: Uint8Array): AddressNotice | null {
  if (body.length < 8) return null
  const attributes = readAttributes(body.subarray(8))
  // On point-to-point links IFA_ADDRESS is the peer's.
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS)
  if (bytes === undefined || (bytes.length !== 4 && bytes.length !== 16)) return null
  return {
    index: viewOf(body).getUint32(4, LITTLE_ENDIAN),
    address: addressFromBytes(bytes),
    prefixLength: body[1] ?? 0,
    scope: body[3] ?? 0,
    origin: attributes.get(IFA_PROTO)?.[0] ?? 0,
    ...(((body[2] ?? 0) & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) !== 0 && { isTentative: true }),
  }
}

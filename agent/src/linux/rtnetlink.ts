/**
 * The bytes of rtnetlink (rtnetlink(7), linux/rtnetlink.h): requests about addresses, dumps, and what the kernel says
 * about links and addresses. Pure: no socket here.
 */
import { type Address, addressBytes, addressFromBytes, familyOf } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import { AF_INET, AF_INET6, LITTLE_ENDIAN } from './kernel-numbers.ts'

const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const RTM_NEWADDR = 20
const RTM_DELADDR = 21
const RTM_GETADDR = 22

const NLM_F_REQUEST = 0x1
const NLM_F_ACK = 0x4
const NLM_F_DUMP_INTR = 0x10
const NLM_F_EXCL = 0x200
const NLM_F_CREATE = 0x400
const NLM_F_DUMP = 0x300

const IFLA_ADDRESS = 1
const IFLA_IFNAME = 3
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_PROTO = 11
const NLMSGERR_ATTR_MSG = 1
/** No duplicate address detection: the address moved here knowingly, and must work at once. */
const IFA_F_NODAD = 0x02
const IFA_F_DADFAILED = 0x08
const IFA_F_TENTATIVE = 0x40
const RT_SCOPE_UNIVERSE = 0

const IFF_UP = 0x1
const IFF_RUNNING = 0x40

/** Who put an address there (IFA_PROTO, Linux 5.18): VRRP's protocol number marks those that are ours to remove. */
export const ADDRESS_ORIGIN = 112

const HEADER = 16

export type KernelMessage =
  | { readonly kind: 'link'; readonly gone: boolean; readonly link: LinkNotice }
  | { readonly kind: 'address'; readonly gone: boolean; readonly address: AddressNotice }
  /** Answer to a request: `errno` is 0 or positive; `text` is the kernel's explanation where it gave one. */
  | { readonly kind: 'reply'; readonly sequence: number; readonly errno: number; readonly text: string }
  | { readonly kind: 'done'; readonly sequence: number; readonly errno: number }
  /** The tables changed while they were dumped: dump again. */
  | { readonly kind: 'interrupted' }

export interface LinkNotice {
  readonly index: number
  readonly name: string
  /** Administratively up, and the kernel holds it for operational. */
  readonly up: boolean
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

/** Adds (or removes) an address. The answer is a `reply` with the same sequence. */
export function encodeAddressChange(
  change: 'add' | 'remove',
  sequence: number,
  { index, prefix }: { index: number; prefix: Prefix },
): Uint8Array {
  const isIpv6 = familyOf(prefix.address) === 'ipv6'
  const bytes = addressBytes(prefix.address)
  const attributes = [attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)]
  if (change === 'add') attributes.push(attribute(IFA_PROTO, Uint8Array.of(ADDRESS_ORIGIN)))
  const body = new Uint8Array(8)
  body[0] = isIpv6 ? AF_INET6 : AF_INET
  body[1] = prefix.prefixLength
  body[2] = isIpv6 && change === 'add' ? IFA_F_NODAD : 0
  body[3] = RT_SCOPE_UNIVERSE
  new DataView(body.buffer).setUint32(4, index, LITTLE_ENDIAN)
  const flags = NLM_F_REQUEST | NLM_F_ACK | (change === 'add' ? NLM_F_CREATE | NLM_F_EXCL : 0)
  return message({ type: change === 'add' ? RTM_NEWADDR : RTM_DELADDR, flags, sequence }, [
    body,
    ...attributes,
  ])
}

/** Asks for every link or every address; the answers end with `done`. */
export function encodeDump(table: 'links' | 'addresses', sequence: number): Uint8Array {
  const header = {
    type: table === 'links' ? RTM_GETLINK : RTM_GETADDR,
    flags: NLM_F_REQUEST | NLM_F_DUMP,
    sequence,
  }
  return message(header, [new Uint8Array(table === 'links' ? 16 : 8)])
}

function message(
  header: { type: number; flags: number; sequence: number },
  parts: readonly Uint8Array[],
): Uint8Array {
  const length = HEADER + parts.reduce((sum, part) => sum + align(part.length), 0)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, length, LITTLE_ENDIAN)
  view.setUint16(4, header.type, LITTLE_ENDIAN)
  view.setUint16(6, header.flags, LITTLE_ENDIAN)
  view.setUint32(8, header.sequence, LITTLE_ENDIAN)
  let offset = HEADER
  for (const part of parts) {
    bytes.set(part, offset)
    offset += align(part.length)
  }
  return bytes
}

function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, bytes.length, LITTLE_ENDIAN)
  view.setUint16(2, type, LITTLE_ENDIAN)
  bytes.set(value, 4)
  return bytes
}

function align(length: number): number {
  return (length + 3) & ~3
}

/** Reads what one recvmsg returned. A message that contradicts its own lengths ends the reading. */
export function decodeMessages(bytes: Uint8Array): KernelMessage[] {
  const messages: KernelMessage[] = []
  const view = viewOf(bytes)
  for (let offset = 0; offset + HEADER <= bytes.length; ) {
    const length = view.getUint32(offset, LITTLE_ENDIAN)
    if (length < HEADER || offset + length > bytes.length) break
    const flags = view.getUint16(offset + 6, LITTLE_ENDIAN)
    if (flags & NLM_F_DUMP_INTR) messages.push({ kind: 'interrupted' })
    const type = view.getUint16(offset + 4, LITTLE_ENDIAN)
    const sequence = view.getUint32(offset + 8, LITTLE_ENDIAN)
    const read = decodeMessage(type, sequence, bytes.subarray(offset + HEADER, offset + length))
    if (read !== null) messages.push(read)
    offset += align(length)
  }
  return messages
}

function decodeMessage(type: number, sequence: number, body: Uint8Array): KernelMessage | null {
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      const link = decodeLink(body)
      return link && { kind: 'link', gone: type === RTM_DELLINK, link }
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const address = decodeAddress(body)
      return address && { kind: 'address', gone: type === RTM_DELADDR, address }
    }
    case NLMSG_ERROR:
      return { kind: 'reply', sequence, errno: errnoOf(body), text: replyText(body) }
    case NLMSG_DONE:
      return { kind: 'done', sequence, errno: errnoOf(body) }
    default:
      return null
  }
}

function errnoOf(body: Uint8Array): number {
  return body.length < 4 ? 0 : 0 - viewOf(body).getInt32(0, LITTLE_ENDIAN)
}

/** The sockets ask for capped replies: after the number stands the request's header alone, then the attributes. */
function replyText(body: Uint8Array): string {
  const text = readAttributes(body.subarray(4 + HEADER)).get(NLMSGERR_ATTR_MSG)
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
    mac: attributes.get(IFLA_ADDRESS)?.slice() ?? new Uint8Array(0),
  }
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

function readAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>()
  const view = viewOf(bytes)
  for (let offset = 0; offset + 4 <= bytes.length; ) {
    const length = view.getUint16(offset, LITTLE_ENDIAN)
    if (length < 4 || offset + length > bytes.length) break
    // The top bits say "nested" and "network order"; the type is the rest.
    attributes.set(
      view.getUint16(offset + 2, LITTLE_ENDIAN) & 0x3fff,
      bytes.subarray(offset + 4, offset + length),
    )
    offset += align(length)
  }
  return attributes
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

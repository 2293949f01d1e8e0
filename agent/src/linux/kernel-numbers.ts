/** Numbers of the Linux system call interface (the same on every architecture Node runs on), and sockaddr bytes. */
import { endianness } from 'node:os'
import { type Address, addressBytes } from '@aloft/shared/network/address'

/** Netlink, sockaddr families and option values are in the host's byte order. */
export const LITTLE_ENDIAN = endianness() === 'LE'

export const AF_UNIX = 1
export const AF_INET = 2
export const AF_INET6 = 10
export const AF_NETLINK = 16
export const AF_PACKET = 17
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
export const IPPROTO_VRRP = 112
/** The authentication header (RFC 2402). */
export const IPPROTO_AH = 51
/** raw(7): sends whole IP packets, header included, and never receives. */
export const IPPROTO_RAW = 255

export const SOL_SOCKET = 1
export const SO_DONTROUTE = 5
export const SO_RCVBUF = 8
export const SO_PRIORITY = 12
export const SO_BINDTODEVICE = 25
export const SO_RCVBUFFORCE = 33
/** Traffic class "control": before everything else in the interface's queue. */
export const PRIORITY_CONTROL = 7

export const IPPROTO_IP = 0
export const IP_TOS = 1
export const IP_TTL = 2
export const IP_PKTINFO = 8
export const IP_RECVTTL = 12
export const IP_MULTICAST_IF = 32
export const IP_MULTICAST_LOOP = 34
export const IP_ADD_MEMBERSHIP = 35
export const IP_DROP_MEMBERSHIP = 36
export const IP_MULTICAST_ALL = 49

export const IPPROTO_IPV6 = 41
export const IPV6_UNICAST_HOPS = 16
export const IPV6_MULTICAST_IF = 17
export const IPV6_MULTICAST_LOOP = 19
export const IPV6_ADD_MEMBERSHIP = 20
export const IPV6_DROP_MEMBERSHIP = 21
export const IPV6_V6ONLY = 26
export const IPV6_MULTICAST_ALL = 29
export const IPV6_RECVPKTINFO = 49
export const IPV6_PKTINFO = 50
export const IPV6_RECVHOPLIMIT = 51
export const IPV6_HOPLIMIT = 52
export const IPV6_TCLASS = 67
/** recvmsg(2): the datagram, or its ancillary data, was longer than the buffer. */
export const MSG_TRUNC = 0x20
export const MSG_CTRUNC = 0x8

/** struct sockaddr_in (ip(7)), port 0. */
export function ipv4SocketAddress(address: Address): Uint8Array {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint16(0, AF_INET, LITTLE_ENDIAN)
  bytes.set(addressBytes(address), 4)
  return bytes
}

/** struct sockaddr_in6 (ipv6(7)), port 0; the scope says which interface a link-local address is on. */
export function ipv6SocketAddress(address: Address, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(28)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF_INET6, LITTLE_ENDIAN)
  bytes.set(addressBytes(address), 8)
  view.setUint32(24, interfaceIndex, LITTLE_ENDIAN)
  return bytes
}

/** struct ipv6_mreq (ipv6(7)). */
export function ipv6MulticastRequest(group: Address, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(20)
  bytes.set(addressBytes(group), 0)
  new DataView(bytes.buffer).setUint32(16, interfaceIndex, LITTLE_ENDIAN)
  return bytes
}

/** struct sockaddr_ll (packet(7)): frames out of one interface, their own header saying where to. */
export function linkLayerAddress(interfaceIndex: number, etherType: number): Uint8Array {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF_PACKET, LITTLE_ENDIAN)
  view.setUint16(2, etherType)
  view.setInt32(4, interfaceIndex, LITTLE_ENDIAN)
  return bytes
}

/** struct sockaddr_nl (netlink(7)): the kernel itself, or the multicast groups to listen to, or a port of one's own. */
export function netlinkAddress(groups = 0, port = 0): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF_NETLINK, LITTLE_ENDIAN)
  view.setUint32(4, port, LITTLE_ENDIAN)
  view.setUint32(8, groups, LITTLE_ENDIAN)
  return bytes
}

/** struct sockaddr_un (unix(7)); a leading `@` stands for the zero byte of an abstract name. */
export function unixSocketAddress(name: string): Uint8Array {
  const text = new TextEncoder().encode(name)
  if (text.length === 0 || text.length > 107) throw new RangeError(`not a unix socket name: ${name}`)
  if (text[0] === 0x40) text[0] = 0
  const isAbstract = text[0] === 0
  const bytes = new Uint8Array(2 + text.length + (isAbstract ? 0 : 1))
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, LITTLE_ENDIAN)
  bytes.set(text, 2)
  return bytes
}

/** struct ip_mreqn (ip(7)): a group and an interface by index, so that no address decides which one is meant. */
export function multicastRequest(group: Address | null, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(12)
  if (group !== null) bytes.set(addressBytes(group), 0)
  new DataView(bytes.buffer).setInt32(8, interfaceIndex, LITTLE_ENDIAN)
  return bytes
}

/** An `int` option value. */
export function optionNumber(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value, LITTLE_ENDIAN)
  return bytes
}

/** A zero-terminated option value: an interface name. */
export function optionText(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`)
}

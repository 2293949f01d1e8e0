/** The bytes of rtnetlink about links we make: macvlans and ipvlans. Pure: no socket here. */
import { IPVLAN_MODES, type IpvlanMode } from '@aloft/shared/config/virtual-link-config'
import { LITTLE_ENDIAN } from '../kernel-numbers.ts'
import {
  attribute,
  HEADER_BYTES,
  message,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REQUEST,
  nest,
  readAttributes,
  text,
  textOf,
  u16,
  u32,
  viewOf,
} from '../netlink-message.ts'

const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const NLM_F_ACK = 0x4

const IFLA_ADDRESS = 1
const IFLA_IFNAME = 3
const IFLA_LINK = 5
const IFLA_GROUP = 27
const IFLA_LINKINFO = 18
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const IFLA_MACVLAN_MODE = 1
const MACVLAN_MODE_PRIVATE = 1
const IFLA_IPVLAN_MODE = 1
const IFLA_IPVLAN_FLAGS = 2
const IPVLAN_MODE_L2 = 0
const IPVLAN_FLAGS: Readonly<Record<IpvlanMode, number>> = { bridge: 0, private: 1, vepa: 2 }
const IFF_UP = 0x1
const IFF_LOOPBACK = 0x8
const IFF_POINTOPOINT = 0x10
const ARPHRD_ETHER = 1
const LINK_HEADER_BYTES = 16

/** What is known of a link, as far as it decides whether it can be below a device of ours, or is that device. */
export interface LinkDetail {
  readonly index: number
  readonly name: string
  readonly isUp: boolean
  readonly isEthernet: boolean
  readonly mac: Uint8Array
  /** Index of the link below it; 0: none. */
  readonly parent: number
  /** `macvlan`, `vlan`, `bond`, …; empty for a piece of hardware. */
  readonly kind: string
  readonly isPrivate: boolean
  /** Null: it is no ipvlan, or one that works on layer 3. */
  readonly ipvlanMode: IpvlanMode | null
}

/** `parent`: index of the link below. */
export type NewLink = { readonly name: string; readonly parent: number } & (
  | { readonly kind: 'macvlan'; readonly mac: Uint8Array }
  | { readonly kind: 'ipvlan'; readonly mode: IpvlanMode }
)

/**
 * `ip link add link PARENT name NAME address MAC type macvlan mode private`, or
 * `ip link add link PARENT name NAME type ipvlan mode l2 MODE`.
 */
export function encodeNewLink(sequence: number, link: NewLink): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
  return message({ type: RTM_NEWLINK, flags, sequence }, [
    linkHeader({ index: 0, flags: 0, change: 0 }),
    attribute(IFLA_IFNAME, text(link.name)),
    attribute(IFLA_LINK, u32(link.parent)),
    ...(link.kind === 'macvlan' ? [attribute(IFLA_ADDRESS, link.mac)] : []),
    nest(IFLA_LINKINFO, [
      attribute(IFLA_INFO_KIND, text(link.kind)),
      nest(IFLA_INFO_DATA, link.kind === 'macvlan' ? MACVLAN_DATA : ipvlanData(link.mode)),
    ]),
  ])
}

const MACVLAN_DATA = [attribute(IFLA_MACVLAN_MODE, u32(MACVLAN_MODE_PRIVATE))]

function ipvlanData(mode: IpvlanMode): Uint8Array[] {
  return [
    attribute(IFLA_IPVLAN_MODE, u16(IPVLAN_MODE_L2)),
    attribute(IFLA_IPVLAN_FLAGS, u16(IPVLAN_FLAGS[mode])),
  ]
}

/** `ip link set INDEX up` or `down`. */
export function encodeSetUp(sequence: number, index: number, isUp: boolean): Uint8Array {
  return message({ type: RTM_NEWLINK, flags: NLM_F_REQUEST | NLM_F_ACK, sequence }, [
    linkHeader({ index, flags: isUp ? IFF_UP : 0, change: IFF_UP }),
  ])
}

/** `ip link set INDEX group GROUP`. */
export function encodeSetGroup(sequence: number, index: number, group: number): Uint8Array {
  return message({ type: RTM_NEWLINK, flags: NLM_F_REQUEST | NLM_F_ACK, sequence }, [
    linkHeader({ index, flags: 0, change: 0 }),
    attribute(IFLA_GROUP, u32(group)),
  ])
}

/** `ip link del group GROUP`: all at once, because for each by itself the kernel would wait 20 ms. */
export function encodeDeleteGroup(sequence: number, group: number): Uint8Array {
  return message({ type: RTM_DELLINK, flags: NLM_F_REQUEST | NLM_F_ACK, sequence }, [
    linkHeader({ index: 0, flags: 0, change: 0 }),
    attribute(IFLA_GROUP, u32(group)),
  ])
}

/** Asks for one link by its name; answered by the link, or by ENODEV. */
export function encodeGetLink(sequence: number, name: string): Uint8Array {
  return message({ type: RTM_GETLINK, flags: NLM_F_REQUEST, sequence }, [
    linkHeader({ index: 0, flags: 0, change: 0 }),
    attribute(IFLA_IFNAME, text(name)),
  ])
}

function linkHeader({ index, flags, change }: { index: number; flags: number; change: number }): Uint8Array {
  const bytes = new Uint8Array(LINK_HEADER_BYTES)
  const view = viewOf(bytes)
  view.setInt32(4, index, LITTLE_ENDIAN)
  view.setUint32(8, flags, LITTLE_ENDIAN)
  view.setUint32(12, change, LITTLE_ENDIAN)
  return bytes
}

/** Reads the first message of an answer to `encodeGetLink`; null when it is none about a link. */
export function decodeLinkDetail(bytes: Uint8Array): LinkDetail | null {
  if (bytes.length < HEADER_BYTES + LINK_HEADER_BYTES) return null
  const view = viewOf(bytes)
  const length = view.getUint32(0, LITTLE_ENDIAN)
  if (view.getUint16(4, LITTLE_ENDIAN) !== RTM_NEWLINK || length > bytes.length) return null
  const attributes = readAttributes(bytes.subarray(HEADER_BYTES + LINK_HEADER_BYTES, length))
  const name = attributes.get(IFLA_IFNAME)
  if (name === undefined) return null
  const info = readAttributes(attributes.get(IFLA_LINKINFO) ?? new Uint8Array())
  const data = readAttributes(info.get(IFLA_INFO_DATA) ?? new Uint8Array())
  const kind = textOf(info.get(IFLA_INFO_KIND) ?? new Uint8Array())
  const flags = view.getUint32(24, LITTLE_ENDIAN)
  return {
    index: view.getInt32(20, LITTLE_ENDIAN),
    name: textOf(name),
    isUp: (flags & IFF_UP) !== 0,
    isEthernet:
      view.getUint16(18, LITTLE_ENDIAN) === ARPHRD_ETHER && (flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) === 0,
    mac: attributes.get(IFLA_ADDRESS)?.slice() ?? new Uint8Array(),
    parent: numberOf(attributes.get(IFLA_LINK)),
    kind,
    isPrivate: kind === 'macvlan' && numberOf(data.get(IFLA_MACVLAN_MODE)) === MACVLAN_MODE_PRIVATE,
    ipvlanMode: kind === 'ipvlan' ? ipvlanModeIn(data) : null,
  }
}

function ipvlanModeIn(data: ReadonlyMap<number, Uint8Array>): IpvlanMode | null {
  if (shortOf(data.get(IFLA_IPVLAN_MODE)) !== IPVLAN_MODE_L2) return null
  const flags = shortOf(data.get(IFLA_IPVLAN_FLAGS)) ?? 0
  return IPVLAN_MODES.find((mode) => IPVLAN_FLAGS[mode] === flags) ?? null
}

function shortOf(bytes: Uint8Array | undefined): number | null {
  return bytes === undefined || bytes.length < 2 ? null : viewOf(bytes).getUint16(0, LITTLE_ENDIAN)
}

function numberOf(bytes: Uint8Array | undefined): number {
  if (bytes === undefined || bytes.length < 4) return 0
  return viewOf(bytes).getUint32(0, LITTLE_ENDIAN)
}

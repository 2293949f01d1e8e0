/** Requests about addresses (rtnetlink(7), linux/if_addr.h): one `struct ifaddrmsg` with attributes. Pure. */
import { OUR_PROTOCOL } from '@aloft/shared/config/holdings-config'
import { addressBytes, familyOf } from '@aloft/shared/network/address'
import type { HeldAddress } from '../../world/holdings.ts'
import { AF_INET, AF_INET6, LITTLE_ENDIAN } from '../kernel-numbers.ts'
import {
  attribute,
  message,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  text,
  u32,
  viewOf,
} from '../netlink-message.ts'

const RTM_NEWADDR = 20
const RTM_DELADDR = 21
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_LABEL = 3
const IFA_BROADCAST = 4
const IFA_CACHEINFO = 6
const IFA_FLAGS = 8
const IFA_PROTO = 11
/** No duplicate address detection: the address moved here knowingly, and must work at once. */
const IFA_F_NODAD = 0x02
const IFA_F_HOMEADDRESS = 0x10
const IFA_F_MANAGETEMPADDR = 0x100
const IFA_F_NOPREFIXROUTE = 0x200
const IFA_F_MCAUTOJOIN = 0x400
const FOREVER = 0xffff_ffff

export type AddressChange = 'add' | 'replace' | 'remove'

const FLAGS: Readonly<Record<AddressChange, number>> = {
  add: NLM_F_CREATE | NLM_F_EXCL,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
  remove: 0,
}

/** Seconds; null is for ever. A preferred lifetime of 0 is a deprecated address. */
export interface Lifetimes {
  readonly valid: number | null
  readonly preferred: number | null
}

/** `index` is that of the address's device. */
export function encodeAddress(
  change: AddressChange,
  { address, index, lifetimes }: { address: HeldAddress; index: number; lifetimes: Lifetimes },
): Uint8Array {
  const header = {
    type: change === 'remove' ? RTM_DELADDR : RTM_NEWADDR,
    flags: NLM_F_REQUEST | FLAGS[change],
    sequence: 0,
  }
  const flags = change === 'remove' ? 0 : flagsOf(address)
  const body = new Uint8Array(8)
  body[0] = familyOf(address.address) === 'ipv6' ? AF_INET6 : AF_INET
  body[1] = (address.peer ?? address).prefixLength
  // All of them in one place: what does not fit here has an attribute.
  body[2] = flags > 0xff ? 0 : flags
  body[3] = address.scope ?? 0
  viewOf(body).setUint32(4, index, LITTLE_ENDIAN)
  const parts = [body, ...identity(address)]
  if (change === 'remove') return message(header, parts)
  if (flags > 0xff) parts.push(attribute(IFA_FLAGS, u32(flags)))
  if (address.broadcast !== undefined) parts.push(attribute(IFA_BROADCAST, addressBytes(address.broadcast)))
  if (lifetimes.valid !== null || lifetimes.preferred !== null || change === 'replace')
    parts.push(attribute(IFA_CACHEINFO, cacheInfo(lifetimes)))
  parts.push(attribute(IFA_PROTO, Uint8Array.of(OUR_PROTOCOL)))
  return message(header, parts)
}

function identity({ address, peer, label }: HeldAddress): Uint8Array[] {
  const parts = [
    attribute(IFA_LOCAL, addressBytes(address)),
    attribute(IFA_ADDRESS, addressBytes(peer?.address ?? address)),
  ]
  if (label !== undefined) parts.push(attribute(IFA_LABEL, text(label)))
  return parts
}

function flagsOf(address: HeldAddress): number {
  const isIpv6 = familyOf(address.address) === 'ipv6'
  let flags = isIpv6 && address.dad !== true ? IFA_F_NODAD : 0
  if (address.home) flags |= IFA_F_HOMEADDRESS
  if (address.mngtmpaddr) flags |= IFA_F_MANAGETEMPADDR
  if (address.noprefixroute) flags |= IFA_F_NOPREFIXROUTE
  if (address.autojoin) flags |= IFA_F_MCAUTOJOIN
  return flags
}

/** `struct ifa_cacheinfo`: preferred, valid, and two times that only the kernel writes. */
function cacheInfo({ preferred, valid }: Lifetimes): Uint8Array {
  const bytes = new Uint8Array(16)
  viewOf(bytes).setUint32(0, preferred ?? valid ?? FOREVER, LITTLE_ENDIAN)
  viewOf(bytes).setUint32(4, valid ?? FOREVER, LITTLE_ENDIAN)
  return bytes
}

/** How long an address is valid and preferred from now on, `heldMs` after it was taken. */
export function lifetimesOf(address: HeldAddress, leaseMs: number | null, heldMs: number): Lifetimes {
  const valid = leaseMs === null ? null : Math.round(leaseMs / 1000)
  const { preferredLifetimeMs } = address
  if (preferredLifetimeMs === undefined) return { valid, preferred: valid }
  const left = Math.max(0, Math.round((preferredLifetimeMs - heldMs) / 1000))
  return { valid, preferred: valid === null ? left : Math.min(left, valid) }
}

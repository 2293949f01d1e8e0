/** Which devices of its own does a router need, and what does it keep out? Pure: config in, answers out. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { homeDevice, type IpvlanMode } from '@aloft/shared/config/virtual-link-config'
import { addressBytes, familyOf } from '@aloft/shared/network/address'
import { macBytes } from '../../packets/ethernet.ts'
import { LITTLE_ENDIAN } from '../kernel-numbers.ts'
import type { LinkDetail } from './link-messages.ts'
import type { Element } from './nftables-messages.ts'

/** `parent`: name of the interface below. */
export interface Macvlan {
  readonly kind: 'macvlan'
  readonly name: string
  readonly parent: string
  readonly mac: Uint8Array
}

interface Ipvlan {
  readonly kind: 'ipvlan'
  readonly name: string
  readonly parent: string
  readonly mode: IpvlanMode
}

export type Device = Macvlan | Ipvlan

/** The router's own device first, then those for its addresses on other interfaces. */
export function devicesOf(router: VirtualRouterConfig): Device[] {
  const { virtualMac, ipvlan } = router
  if (ipvlan) return [{ kind: 'ipvlan', name: ipvlan.name, parent: router.interface, mode: ipvlan.mode }]
  if (virtualMac === null) return []
  const mac = macBytes(virtualMac.address)
  const own: Macvlan = { kind: 'macvlan', name: virtualMac.name, parent: virtualMac.parent, mac }
  const devices = new Map([[own.name, own]])
  for (const { device } of [...router.addresses, ...router.excludedAddresses]) {
    const name = homeDevice(router, device)
    if (device !== undefined && name !== device && !devices.has(name))
      devices.set(name, { ...own, name, parent: device })
  }
  return [...devices.values()]
}

/**
 * Interfaces that must not answer for the addresses above them. Below an ipvlan it is all the same who answers: both
 * have one MAC address.
 */
export function parentsOfMacvlans(devices: readonly Device[]): string[] {
  return devices.flatMap(({ kind, parent }) => (kind === 'macvlan' ? [parent] : []))
}

/** Whether packets are dropped for it: those to its addresses, or all of a device with a MAC address of its own. */
export function needsFirewall({ virtualMac, accept }: VirtualRouterConfig): boolean {
  return virtualMac !== null || !accept
}

/** Why a link of the device's name is not the device; null when it is. `below` is the link of the parent's name. */
export function mismatch(device: Device, found: LinkDetail, below: LinkDetail): string | null {
  const { kind, name, parent } = device
  if (found.kind !== kind) return `${name} exists and is no ${kind}`
  if (kind === 'macvlan' && !found.isPrivate) return `${name} exists and is not in private mode`
  if (kind === 'macvlan' && !Buffer.from(found.mac).equals(Buffer.from(device.mac)))
    return `${name} exists with another MAC address`
  if (kind === 'ipvlan' && found.ipvlanMode !== device.mode)
    return `${name} exists and is not in mode l2 ${device.mode}`
  // A macvlan of a macvlan, and an ipvlan of an ipvlan, is made on what the lower one is on.
  const isBelow = found.parent === below.index || (below.kind === kind && found.parent === below.parent)
  return isBelow ? null : `${name} exists on another interface than ${parent}`
}

/** Why no device of that kind can be made on an interface; null when one can. */
export function unsuitable(kind: Device['kind'], below: LinkDetail): string | null {
  const what = kind === 'macvlan' ? 'a virtual MAC' : 'an ipvlan'
  return below.isEthernet ? null : `${below.name} is no Ethernet interface; ${what} needs one`
}

/** What it means that the kernel refused to make a device, and the remedy where there is one. */
export function refused({ kind, name, parent }: Device, failure: string): string {
  const said = `cannot make ${name} on ${parent}: ${failure}`
  if (kind === 'macvlan') return said
  const sentence = said.endsWith('.') ? said : `${said}.`
  if (failure.startsWith('ENOTSUP'))
    return `${sentence} This kernel has no ipvlan: load the module (modprobe ipvlan), or write virtualMac`
  if (failure.startsWith('EBUSY'))
    return `${sentence} ${parent} carries macvlans, or is in a bridge or bond: write virtualMac, or another interface`
  return said
}

/** Keys of the set that keeps devices from receiving and sending. */
export function silenceOf(indexes: Iterable<number>): readonly Element[] {
  return [...indexes].map((index) => {
    const key = new Uint8Array(4)
    new DataView(key.buffer).setUint32(0, index, LITTLE_ENDIAN)
    return { set: 'silent', key }
  })
}

/** Keys of the sets that keep a router's addresses out. `indexOf`: of an interface, null when there is none. */
export function elementsOf(
  router: VirtualRouterConfig,
  indexOf: (device: string) => number | null,
): readonly Element[] {
  return [...router.addresses, ...router.excludedAddresses].map(({ address, device }) => {
    const bytes = addressBytes(address)
    if (familyOf(address) === 'ipv4') return { set: 'ipv4', key: bytes }
    const isLinkLocal = bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80
    if (!isLinkLocal) return { set: 'ipv6', key: bytes }
    const key = new Uint8Array(20)
    key.set(bytes)
    new DataView(key.buffer).setUint32(16, indexOf(homeDevice(router, device)) ?? 0, LITTLE_ENDIAN)
    return { set: 'linkLocal', key }
  })
}

/** Which devices with a virtual MAC does a router need, and what does it keep out? Pure: config in, answers out. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { homeDevice } from '@aloft/shared/config/virtual-link-config'
import { addressBytes, familyOf } from '@aloft/shared/network/address'
import { macBytes } from '../../packets/ethernet.ts'
import { LITTLE_ENDIAN } from '../kernel-numbers.ts'
import type { LinkDetail } from './link-messages.ts'
import type { Element } from './nftables-messages.ts'

export interface Device {
  readonly name: string
  /** Name of the interface below. */
  readonly parent: string
  readonly mac: Uint8Array
}

/** The router's own device first, then those for its addresses on other interfaces. */
export function devicesOf(router: VirtualRouterConfig): Device[] {
  const { virtualMac } = router
  if (virtualMac === null) return []
  const mac = macBytes(virtualMac.address)
  const devices = new Map([[virtualMac.name, { name: virtualMac.name, parent: virtualMac.parent, mac }]])
  for (const { device } of [...router.addresses, ...router.excludedAddresses]) {
    const name = homeDevice(router, device)
    if (device !== undefined && name !== device && !devices.has(name))
      devices.set(name, { name, parent: device, mac })
  }
  return [...devices.values()]
}

/** Why a link of the device's name is not the device; null when it is. `below` is the link of the parent's name. */
export function mismatch(device: Device, found: LinkDetail, below: LinkDetail): string | null {
  if (found.kind !== 'macvlan') return `${device.name} exists and is no macvlan`
  if (!found.isPrivate) return `${device.name} exists and is not in private mode`
  if (!Buffer.from(found.mac).equals(Buffer.from(device.mac)))
    return `${device.name} exists with another MAC address`
  // A macvlan of a macvlan is made on what the lower one is on.
  const isBelow = found.parent === below.index || (below.kind === 'macvlan' && found.parent === below.parent)
  return isBelow ? null : `${device.name} exists on another interface than ${device.parent}`
}

/** Why nothing with a MAC address of its own can be made on an interface; null when it can. */
export function unsuitable(below: LinkDetail): string | null {
  return below.isEthernet ? null : `${below.name} is no Ethernet interface; a virtual MAC needs one`
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

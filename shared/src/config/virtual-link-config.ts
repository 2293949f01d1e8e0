import type { Family } from '../network/address.ts'
import type { Prefix } from '../network/prefix.ts'

/** What a virtual router's config may say of the device in front of its addresses, and of who may reach them. */
export interface VirtualLinkSettings {
  /** Null: the addresses are on the interface itself and answer with its MAC address. */
  readonly virtualMac: VirtualMac | null
  /** Not beside `virtualMac`. Null: there is no such device. */
  readonly ipvlan: Ipvlan | null
  /** RFC 9568 §6.1 Accept_Mode: whether packets to the addresses are let in. The owner's always are. */
  readonly accept: boolean
}

/** A macvlan in private mode that carries the virtual router's MAC address (RFC 9568 §7.3). */
export interface VirtualMac {
  /** Its name as a network interface. */
  readonly name: string
  /** Lower-case, with colons. */
  readonly address: string
  /** The interface it is made on. */
  readonly parent: string
  /** Whose MAC address advertisements carry: the virtual one, or that of the router's interface. */
  readonly transmitFrom: 'virtual' | 'base'
  /** Addresses on other interfaces get a device with the virtual MAC there, too. */
  readonly onOtherInterfaces: boolean
}

export const IPVLAN_MODES = ['bridge', 'private', 'vepa'] as const
export type IpvlanMode = (typeof IPVLAN_MODES)[number]

/** An ipvlan on the router's interface: a device of its own for the addresses, with the interface's MAC address. */
export interface Ipvlan {
  /** Its name as a network interface. */
  readonly name: string
  /** How the ipvlans of one interface reach each other; all of them have the same (ip-link(8)). */
  readonly mode: IpvlanMode
  /** IPv4, on the device while the agent runs: what advertisements come from. Null: from that of the interface. */
  readonly address: Prefix | null
}

/** Settings of the agent as a whole: the nftables table that keeps packets out. */
export interface FirewallSettings {
  readonly firewall: {
    readonly table: string
    /** Of its chain at the input hook. */
    readonly priority: number
    /** Whether its rules count what they drop. */
    readonly counters: boolean
  }
}

/** Names of interfaces have 15 characters at most (IFNAMSIZ). */
export const INTERFACE_NAME_MAX = 15

export const VIRTUAL_LINK_DEFAULTS: VirtualLinkSettings = { virtualMac: null, ipvlan: null, accept: true }

export const FIREWALL_DEFAULTS: FirewallSettings = {
  firewall: { table: 'aloft', priority: -1, counters: false },
}

/** RFC 9568 §7.3: 00-00-5E-00-01-{VRID} for IPv4, 00-00-5E-00-02-{VRID} for IPv6. */
export function virtualMacAddress(family: Family, vrid: number): string {
  return `00:00:5e:00:${family === 'ipv4' ? '01' : '02'}:${vrid.toString(16).padStart(2, '0')}`
}

interface Homed {
  readonly interface: string
  readonly virtualMac: VirtualMac | null
  readonly ipvlan: Ipvlan | null
}

/**
 * The device that holds a router's addresses: the one with the virtual MAC, the ipvlan, or the interface. `device` is the one that
 * an address of its own names.
 */
export function homeDevice({ interface: base, virtualMac, ipvlan }: Homed, device?: string): string {
  if (ipvlan) return device === undefined || device === base ? ipvlan.name : device
  if (virtualMac === null) return device ?? base
  if (device === undefined || device === base || device === virtualMac.parent) return virtualMac.name
  return virtualMac.onOtherInterfaces ? deviceElsewhere(virtualMac, device) : device
}

/** `vrrp.51.eth1`; where that is longer than the 15 characters of a name, the interface is told by a checksum of its name. */
function deviceElsewhere({ name }: VirtualMac, device: string): string {
  const whole = `${name}.${device}`
  if (whole.length <= INTERFACE_NAME_MAX) return whole
  let sum = 0
  for (const character of device) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 0x1_0000
  return `${name.slice(0, 10)}.${sum.toString(16).padStart(4, '0')}`
}

import { z } from 'zod'
import { type Family, familyOf } from '../network/address.ts'
import { parsePrefix } from '../network/prefix.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import { interfaceName } from './interface-name.ts'
import type { VirtualRouterDocument } from './schema.ts'
import { oneOf, shaped, text, wholeNumber } from './schema-parts.ts'
import {
  FIREWALL_DEFAULTS,
  type FirewallSettings,
  IPVLAN_MODES,
  type Ipvlan,
  type VirtualLinkSettings,
  type VirtualMac,
  virtualMacAddress,
} from './virtual-link-config.ts'

/** The virtual MAC and the firewall as they are written. keepalived's own: keepalived-and-vrrp.md §1.12, §1.13. */

const onOff = (key: string) => z.boolean({ error: ({ input }) => oneOf(key, ['true', 'false'], input) })

const VirtualMacMap = z.strictObject({
  name: interfaceName('name')
    .optional()
    .describe('Name of the device. Default: vrrp.VRID, or vrrp6.VRID for IPv6.'),
  address: text({
    key: 'address',
    accepts: (value) => /^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(value),
    wants: 'a MAC address',
    example: '02:00:5e:00:01:33',
  })
    .optional()
    .describe('Another MAC address than the one RFC 9568 gives the VRID; the same on every node.'),
  interface: interfaceName('interface')
    .optional()
    .describe('Interface to make the device on. Default: `interface`.'),
  transmitFrom: z
    .literal(['virtual', 'base'], { error: ({ input }) => oneOf('transmitFrom', ['virtual', 'base'], input) })
    .default('virtual')
    .describe(
      'Whose MAC address advertisements carry: the virtual one, or that of `interface`. Always `base` with `unicast`.',
    ),
  onOtherInterfaces: onOff('onOtherInterfaces')
    .default(false)
    .describe('Addresses with a `device` of their own get the virtual MAC there, too.'),
})

const IpvlanMap = z.strictObject({
  name: interfaceName('name')
    .optional()
    .describe('Name of the device. Default: vrrp.VRID, or vrrp6.VRID for IPv6.'),
  address: text({
    key: 'address',
    accepts: (value) => ipv4Prefix(value) !== null,
    wants: 'an IPv4 address with a prefix length',
    example: '192.0.2.11/24',
  })
    .optional()
    .describe(
      'An IPv4 address of its own for the device, which advertisements come from; needed where `interface` has none.',
    ),
  mode: z
    .literal([...IPVLAN_MODES], { error: ({ input }) => oneOf('mode', [...IPVLAN_MODES], input) })
    .default('bridge')
    .describe('How the ipvlans of one interface reach each other: at once, not at all, or by the switch.'),
})

function ipv4Prefix(written: string) {
  const prefix = parsePrefix(written)
  return prefix !== null && familyOf(prefix.address) === 'ipv4' ? prefix : null
}

export const virtualLinkKeys = {
  virtualMac: z
    .union([z.boolean(), VirtualMacMap], {
      error: ({ input }) => shaped('virtualMac', 'true, false or a map', '{ name: vrrp.51 }', input),
    })
    .default(false)
    .describe(
      'Whether the addresses are on a device (macvlan) with the MAC address of the virtual router (RFC 9568 §7.3).',
    ),
  accept: onOff('accept')
    .optional()
    .describe(
      'Whether packets to the addresses are let in (RFC 9568 Accept_Mode); neighbour discovery always is. Default: true; with `strict` only for the owner. The owner’s always are.',
    ),
  ipvlan: z
    .union([z.boolean(), IpvlanMap], {
      error: ({ input }) => shaped('ipvlan', 'true, false or a map', '{ mode: bridge }', input),
    })
    .default(false)
    .describe(
      'Whether the addresses are on a device (ipvlan, L2) with the MAC address of `interface`, where the network allows one MAC address per port. Not beside `virtualMac`.',
    ),
}

export const firewallKeys = {
  firewall: z
    .strictObject(
      {
        table: text({
          key: 'table',
          accepts: (value) => /^[A-Za-z_][A-Za-z0-9_/.\\-]{0,63}$/.test(value),
          wants: 'the name of an nftables table: a letter, then letters, digits, and _ / . -',
          example: FIREWALL_DEFAULTS.firewall.table,
        })
          .default(FIREWALL_DEFAULTS.firewall.table)
          .describe('Name of the nftables table (family inet) that is made where `accept` is false.'),
        priority: wholeNumber('priority', -1000, 1000)
          .default(FIREWALL_DEFAULTS.firewall.priority)
          .describe('Priority of its chain at the input hook.'),
        counters: onOff('counters')
          .default(FIREWALL_DEFAULTS.firewall.counters)
          .describe('Whether its rules count what they drop.'),
      },
      { error: ({ input }) => shaped('firewall', 'a map', '{ table: aloft }', input) },
    )
    .optional()
    .describe('The table that keeps packets to addresses out where `accept` is false.'),
}

export function resolveFirewall({
  firewall,
}: {
  readonly firewall?: FirewallSettings['firewall'] | undefined
}): FirewallSettings {
  return { firewall: firewall ?? FIREWALL_DEFAULTS.firewall }
}

/** Of a router whose families are still together: `virtualMac` and `ipvlan` are those of the first address's. */
export function resolveVirtualLink(document: VirtualRouterDocument, family: Family): VirtualLinkSettings {
  const { priority, strict, accept } = document
  const isOwner = priority === 255
  return {
    virtualMac: resolveVirtualMac(document, family),
    ipvlan: resolveIpvlan(document, family),
    accept: isOwner || (accept ?? !strict),
  }
}

function resolveVirtualMac(
  { virtualMac, vrid, interface: base, unicast }: VirtualRouterDocument,
  family: Family,
): VirtualMac | null {
  if (virtualMac === false) return null
  const written = virtualMac === true ? null : virtualMac
  return {
    name: written?.name ?? defaultName(family, vrid),
    address: written?.address?.toLowerCase() ?? virtualMacAddress(family, vrid),
    parent: written?.interface ?? base,
    transmitFrom: unicast === undefined ? (written?.transmitFrom ?? 'virtual') : 'base',
    onOtherInterfaces: written?.onOtherInterfaces ?? false,
  }
}

function resolveIpvlan({ ipvlan, vrid }: VirtualRouterDocument, family: Family): Ipvlan | null {
  if (ipvlan === false) return null
  const written = ipvlan === true ? null : ipvlan
  return {
    name: written?.name ?? defaultName(family, vrid),
    mode: written?.mode ?? 'bridge',
    address: written?.address === undefined ? null : ipv4Prefix(written.address),
  }
}

function defaultName(family: Family, vrid: number): string {
  return family === 'ipv4' ? `vrrp.${vrid}` : `vrrp6.${vrid}`
}

/** The device of one of two families that were written as one router; a name of its own gets a 6 for IPv6. */
export function virtualMacOf(router: VirtualRouterConfig, family: Family): VirtualMac | null {
  const { virtualMac } = router
  if (virtualMac === null || isWrittenFor(router, family)) return virtualMac
  const name = nameOf(virtualMac, router, family)
  return { ...virtualMac, name, address: virtualMacAddress(family, router.vrid) }
}

/** Likewise. Its own address is IPv4, and IPv6 is advertised from the link-local one of the interface. */
export function ipvlanOf(router: VirtualRouterConfig, family: Family): Ipvlan | null {
  const { ipvlan } = router
  if (ipvlan === null) return null
  const name = isWrittenFor(router, family) ? ipvlan.name : nameOf(ipvlan, router, family)
  return { ...ipvlan, name, address: family === 'ipv4' ? ipvlan.address : null }
}

function nameOf({ name }: { name: string }, { family: written, vrid }: VirtualRouterConfig, family: Family) {
  return name === defaultName(written, vrid) ? defaultName(family, vrid) : `${name}6`
}

/** `family` of a router whose families are still together is that of its first address. */
function isWrittenFor({ family: written }: VirtualRouterConfig, family: Family): boolean {
  return written === family
}

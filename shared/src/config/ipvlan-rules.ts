import { type Family, familyOf } from '../network/address.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import type { Finding } from './diagnostic.ts'
import type { Candidate, RouterFinding } from './rules.ts'
import type { VirtualRouterDocument } from './schema.ts'
import { unusable } from './unusable-address.ts'
import { INTERFACE_NAME_MAX, type Ipvlan } from './virtual-link-config.ts'
import { ipvlanOf, resolveVirtualLink } from './virtual-link-schema.ts'

/** What must hold of `ipvlan`. `router` has its addresses of both families still together. */
export function ipvlanRules(document: VirtualRouterDocument, router: VirtualRouterConfig): RouterFinding[] {
  const { ipvlan } = router
  if (ipvlan === null) return []
  return [
    ...besideVirtualMac(router),
    ...nameRules(document, router),
    ...(ipvlan.address === null ? [] : addressRules(document, router, ipvlan.address.address)),
  ]
}

function error(code: string, key: RouterFinding['key'], message: string, hint: string | null): RouterFinding {
  return { severity: 'error', code, message, hint, key, at: 'value' }
}

function warning(code: string, key: RouterFinding['key'], message: string, hint: string): RouterFinding {
  return { severity: 'warning', code, message, hint, key, at: 'value' }
}

function besideVirtualMac({ virtualMac }: VirtualRouterConfig): RouterFinding[] {
  if (virtualMac === null) return []
  const message = 'the addresses are on one device: that of virtualMac, or that of ipvlan'
  return [error('ipvlan-beside-virtual-mac', ['ipvlan'], message, 'remove one of the two')]
}

function nameRules(document: VirtualRouterDocument, router: VirtualRouterConfig): RouterFinding[] {
  const findings: RouterFinding[] = []
  if (document.interface === 'lo') {
    const message = 'lo has no Ethernet below it; an ipvlan needs an Ethernet interface'
    findings.push(error('ipvlan-interface', ['interface'], message, 'write an Ethernet interface'))
  }
  const names = [...familiesOf(router)].map((family) => ipvlanOf(router, family)?.name ?? '')
  const long = names.find((name) => name.length > INTERFACE_NAME_MAX)
  if (long !== undefined) {
    const message = `the device of the IPv6 addresses would be called ${long}; names have ${INTERFACE_NAME_MAX} characters at most`
    findings.push(error('ipvlan-name-too-long', ['ipvlan', 'name'], message, 'write a shorter name'))
  }
  if (names.includes(document.interface)) {
    const message = `${document.interface} is the interface itself; the ipvlan is another device`
    findings.push(error('ipvlan-name-taken', ['ipvlan', 'name'], message, 'write another name'))
  }
  return findings
}

function familiesOf({ addresses }: VirtualRouterConfig): ReadonlySet<Family> {
  return new Set(addresses.map(({ address }) => familyOf(address)))
}

function addressRules(
  document: VirtualRouterDocument,
  router: VirtualRouterConfig,
  own: NonNullable<Ipvlan['address']>['address'],
): RouterFinding[] {
  const key = ['ipvlan', 'address']
  const kind = unusable(own)
  if (kind !== null)
    return [error('unusable-address', key, `${own} is ${kind}`, 'write the address of a host')]
  if (router.addresses.some(({ address }) => address === own)) {
    const message = `${own} is a virtual address, which a backup does not have`
    return [error('ipvlan-address', key, message, 'write an address that is this node’s alone')]
  }
  if (!familiesOf(router).has('ipv4')) {
    const message = `${own} advertises nothing: IPv6 speaks from the link-local address of ${router.interface}`
    return [error('ipvlan-address', key, message, 'remove ipvlan.address')]
  }
  return [...sourceRules(document, router), ...pairingRules(document)]
}

function sourceRules(document: VirtualRouterDocument, router: VirtualRouterConfig): RouterFinding[] {
  if (router.unicast !== null) {
    // What comes for that address is the device's, and the sockets for peers are the interface's.
    const message = 'peers speak to the address of the interface; one of its own is for multicast'
    return [error('ipvlan-unicast', ['ipvlan', 'address'], message, 'remove ipvlan.address')]
  }
  const key = document.sourceAddress === undefined ? 'trackSourceAddress' : 'sourceAddress'
  if (document.sourceAddress === undefined && !document.trackSourceAddress) return []
  const message = `advertisements come from ipvlan.address; ${key} is about an address of the interface`
  return [error('ipvlan-source', [key], message, 'remove one of the two')]
}

function pairingRules({ pairing }: VirtualRouterDocument): RouterFinding[] {
  if (typeof pairing === 'boolean') return []
  const message = 'a router with an ipvlan.address of its own is not paired by BFD over IPv4'
  return [warning('ipvlan-pairing', ['pairing'], message, 'remove pairing, or ipvlan.address')]
}

/** What only one router of a node may have: the name of its device, and its own address. */
export function ipvlanClaims({ ipvlan, addresses }: VirtualRouterConfig) {
  if (ipvlan === null) return []
  const device = {
    identity: `device ${ipvlan.name}`,
    code: 'ipvlan-name-taken',
    what: `the device ${ipvlan.name} of ipvlan`,
    hint: 'write ipvlan: { name: … } with a name of its own',
    key: ['ipvlan'],
  }
  const address = ipvlan.address?.address
  // The router's own virtual address is a mistake that has been told of.
  if (address === undefined || addresses.some((each) => each.address === address)) return [device]
  const own = {
    identity: `address ${address}`,
    code: 'duplicate-address',
    what: `the address ${address}`,
    hint: 'an address belongs to one virtual router, once',
    key: ['ipvlan', 'address'],
  }
  return [device, own]
}

interface Below {
  /** `null`: macvlans. */
  readonly mode: Ipvlan['mode'] | null
  readonly router: string
}

/** The kernel lets an interface carry macvlans or ipvlans, and gives all ipvlans of one the same mode. */
export function ipvlansOnOneInterface(candidates: readonly Candidate[]): Finding[] {
  const first = new Map<string, Below>()
  return candidates.flatMap(({ index, document }) => {
    const { virtualMac, ipvlan } = resolveVirtualLink(document, 'ipv4')
    if ((virtualMac === null) === (ipvlan === null)) return []
    const on = virtualMac?.parent ?? document.interface
    const mode = ipvlan?.mode ?? null
    const known = first.get(on)
    if (known === undefined) first.set(on, { mode, router: document.name })
    if (known === undefined || known.mode === mode) return []
    return [conflict({ index, on, mode }, known)]
  })
}

function conflict(
  { index, on, mode }: { readonly index: number; readonly on: string; readonly mode: Ipvlan['mode'] | null },
  known: Below,
): Finding {
  const isMode = mode !== null && known.mode !== null
  const common = { severity: 'error', at: 'value' } as const
  if (isMode) {
    return {
      ...common,
      code: 'ipvlan-mode',
      message: `all ipvlans of ${on} have one mode, and that of virtual router ${known.router} is ${known.mode}`,
      hint: `write ipvlan: { mode: ${known.mode} }, or change the other`,
      path: ['virtualRouters', index, 'ipvlan'],
    }
  }
  return {
    ...common,
    code: 'ipvlan-beside-virtual-mac',
    message: `${on} carries devices with a virtual MAC or ipvlans, and virtual router ${known.router} has ${known.mode === null ? 'virtualMac' : 'ipvlan'}`,
    hint: 'write the same for both',
    path: ['virtualRouters', index, mode === null ? 'virtualMac' : 'ipvlan'],
  }
}

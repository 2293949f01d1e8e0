import { type Address, addressBytes, type Family, familyOf } from '../network/address.ts'
import { isLinkLocal, isMulticast } from '../network/scope.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import type { RouterFinding } from './rules.ts'
import type { VirtualRouterDocument } from './schema.ts'
import { unusable } from './unusable-address.ts'

const NAME: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }

/** What must hold of how a router's advertisements travel. `router` has its addresses of both families still together. */
export function transportRules(
  document: VirtualRouterDocument,
  router: VirtualRouterConfig,
): RouterFinding[] {
  return [
    ...interfaceRules(document, router),
    ...addressRules(document, router),
    ...groupRules(router),
    ...sourceRules(router),
    ...(router.unicast === null ? [] : unicastRules(router, router.unicast)),
  ]
}

function error(code: string, key: RouterFinding['key'], message: string, hint: string | null): RouterFinding {
  return { severity: 'error', code, message, hint, key, at: 'value' }
}

function warning(code: string, key: RouterFinding['key'], message: string, hint: string): RouterFinding {
  return { severity: 'warning', code, message, hint, key, at: 'value' }
}

function familiesOf({ addresses }: VirtualRouterConfig): ReadonlySet<Family> {
  return new Set(addresses.map(({ address }) => familyOf(address)))
}

/** keepalived-and-vrrp.md §1.5 refuses it as well. With a device of the router's own there is a rule for that. */
function interfaceRules({ interface: name }: VirtualRouterDocument, router: VirtualRouterConfig) {
  if (name !== 'lo' || router.virtualMac !== null || router.ipvlan !== null) return []
  const message = 'lo reaches no other router; every node would be active'
  return [error('loopback-interface', ['interface'], message, 'write the interface of the LAN')]
}

function addressRules(
  { version, checksum }: VirtualRouterDocument,
  router: VirtualRouterConfig,
): RouterFinding[] {
  const first = router.addresses.findIndex(({ address }) => familyOf(address) === 'ipv6')
  const address = router.addresses[first]?.address
  if (address === undefined) return []
  const findings: RouterFinding[] = []
  if (version === 2)
    findings.push(
      error('version-family', ['version'], 'VRRP version 2 carries IPv4 only', 'write version: 3'),
    )
  if (!isLinkLocal(address)) {
    // RFC 9568 §5.2.9 and its erratum 8300; keepalived sends such a list with a warning as well.
    const message = `${address} comes first of the IPv6 addresses and is not link-local, which RFC 9568 demands`
    findings.push(
      warning(
        'first-address',
        ['addresses', first],
        message,
        'write a link-local address before it, for example fe80::100/64',
      ),
    )
  }
  if (checksum === 'message-only' && familiesOf(router).size === 1) {
    findings.push(warning('checksum-family', ['checksum'], 'checksum has no effect on IPv6', 'remove it'))
  }
  return findings
}

function groupRules({ multicastGroup: group, unicast, ...router }: VirtualRouterConfig): RouterFinding[] {
  if (group === null) return []
  const key = ['multicastGroup']
  if (unicast !== null)
    return [
      warning('unicast-group', key, 'multicastGroup has no effect beside unicast', 'remove one of the two'),
    ]
  const [first = 0, second = 0, third = 0] = addressBytes(group)
  const family = familyOf(group)
  if (!isMulticast(group))
    return [
      error('not-multicast', key, `${group} is not a multicast group`, `for example ${exampleGroup(family)}`),
    ]
  if (!router.addresses.some(({ address }) => familyOf(address) === family))
    return [strangeFamily(group, key)]
  if (family === 'ipv6' && (second & 0xf) !== 2) {
    const message = `${group} is not of link-local scope; advertisements must not leave the link`
    return [error('group-scope', key, message, 'write a group that begins with ff02:')]
  }
  if (family === 'ipv4' && (first !== 224 || second !== 0 || third !== 0)) {
    const message = `${group} is outside 224.0.0.0/24; routers forward such groups, and switches may hold them back`
    return [warning('group-scope', key, message, 'write a group of 224.0.0.0/24')]
  }
  return []
}

function exampleGroup(family: Family): string {
  return family === 'ipv4' ? '224.0.0.18' : 'ff02::12'
}

function strangeFamily(address: Address, key: RouterFinding['key']): RouterFinding {
  return error('mixed-families', key, `${address} is not of the family of the addresses`, null)
}

function sourceRules(router: VirtualRouterConfig): RouterFinding[] {
  const { sourceAddress: source, trackSourceAddress } = router
  if (source === null) {
    if (!trackSourceAddress) return []
    const message = 'trackSourceAddress follows sourceAddress, which is not written'
    return [error('track-source', ['trackSourceAddress'], message, 'write sourceAddress, or remove it')]
  }
  if (!familiesOf(router).has(familyOf(source))) return [strangeFamily(source, ['sourceAddress'])]
  const kind = unusable(source)
  if (kind !== null)
    return [error('unusable-address', ['sourceAddress'], `${source} is ${kind}`, 'write a unicast address')]
  const isVirtual = router.addresses.some(({ address }) => address === source)
  if (isVirtual && router.priority !== 255) {
    const message = `${source} is a virtual address, which a backup does not have`
    return [error('virtual-source', ['sourceAddress'], message, 'write an address of the host itself')]
  }
  return []
}

function unicastRules(
  router: VirtualRouterConfig,
  { peers }: NonNullable<VirtualRouterConfig['unicast']>,
): RouterFinding[] {
  const seen = new Set<Address>()
  const findings = peers.flatMap(({ address, minTtl, maxTtl }, index) => {
    const key = ['unicast', 'peers', index]
    const isRepeated = seen.has(address)
    seen.add(address)
    if (isRepeated)
      return [error('duplicate-peer', key, `${address} is a peer already`, 'keep one of the two')]
    if (!familiesOf(router).has(familyOf(address))) return [strangeFamily(address, key)]
    const kind = unusable(address)
    if (kind !== null)
      return [error('unusable-address', key, `${address} is ${kind}`, 'write a unicast address')]
    if (router.addresses.some((each) => each.address === address)) {
      const message = `${address} is a virtual address of this router; its peers are hosts`
      return [error('virtual-peer', key, message, 'write the address of the host itself')]
    }
    if (minTtl <= maxTtl) return []
    return [error('ttl-range', key, `minTtl ${minTtl} is above maxTtl ${maxTtl}`, 'exchange the two')]
  })
  const lonely = [...familiesOf(router)].filter(
    (family) => !peers.some(({ address }) => familyOf(address) === family),
  )
  return [...findings, ...lonely.map((family) => noPeers(family, peers.length === 0))]
}

/** keepalived falls back to multicast unless told not to; nobody who writes `unicast` means that. */
function noPeers(family: Family, isEmpty: boolean): RouterFinding {
  const message = `peers has no ${NAME[family]} address; ${isEmpty ? 'the virtual router' : `its ${NAME[family]} part`} stays in fault`
  return warning('no-peers', ['unicast', 'peers'], message, 'write the addresses of the other nodes')
}

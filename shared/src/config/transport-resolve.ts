import { type Address, familyOf, parseAddress } from '../network/address.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import type { VirtualRouterDocument } from './schema.ts'
import type { TransportSettings, UnicastPeer, UnicastSettings } from './transport-config.ts'
import { ipvlanOf, virtualMacOf } from './virtual-link-schema.ts'

type TransportDocument = Pick<
  VirtualRouterDocument,
  'multicastGroup' | 'unicast' | 'sourceAddress' | 'trackSourceAddress' | 'receiveBufferBytes'
>

export function resolveTransport(document: TransportDocument): TransportSettings {
  return {
    multicastGroup: addressOf(document.multicastGroup),
    unicast: document.unicast === undefined ? null : resolveUnicast(document.unicast),
    sourceAddress: addressOf(document.sourceAddress),
    trackSourceAddress: document.trackSourceAddress,
    receiveBufferBytes: document.receiveBufferBytes,
  }
}

function resolveUnicast({ peers, ...rest }: NonNullable<TransportDocument['unicast']>): UnicastSettings {
  return { ...rest, peers: peers.map(peerOf) }
}

function peerOf(written: NonNullable<TransportDocument['unicast']>['peers'][number]): UnicastPeer {
  if (typeof written === 'string') return { address: known(written), minTtl: 0, maxTtl: 255 }
  return { ...written, address: known(written.address) }
}

/**
 * A virtual router that is written once with addresses of both families is two on the wire, of one name and VRID, each
 * with its own election (RFC 9568 §3). Each has what is of its family; what cannot be told apart is both's.
 */
export function inFamilies(router: VirtualRouterConfig): VirtualRouterConfig[] {
  const families = [...new Set(router.addresses.map(({ address }) => familyOf(address)))]
  if (families.length < 2) return [router]
  return families.map((family) => {
    const isOfFamily = (address: Address | null) => address !== null && familyOf(address) === family
    const { unicast, multicastGroup, sourceAddress } = router
    return {
      ...router,
      family,
      virtualMac: virtualMacOf(router, family),
      ipvlan: ipvlanOf(router, family),
      addresses: router.addresses.filter(({ address }) => isOfFamily(address)),
      excludedAddresses: router.excludedAddresses.filter(({ address }) => isOfFamily(address)),
      routes: router.routes.filter((route) => route.family === family),
      rules: router.rules.filter((rule) => rule.family === family),
      multicastGroup: isOfFamily(multicastGroup) ? multicastGroup : null,
      unicast: unicast && { ...unicast, peers: unicast.peers.filter(({ address }) => isOfFamily(address)) },
      sourceAddress: isOfFamily(sourceAddress) ? sourceAddress : null,
      trackSourceAddress: router.trackSourceAddress && isOfFamily(sourceAddress),
    }
  })
}

function addressOf(written: string | undefined): Address | null {
  return written === undefined ? null : known(written)
}

function known(written: string): Address {
  const address = parseAddress(written)
  if (address === null) throw new RangeError(`the schema let a bad address through: ${written}`)
  return address
}

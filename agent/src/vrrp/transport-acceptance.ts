/**
 * May an advertisement come to a virtual router the way it came? The checks of how it travelled; what it says is
 * judged by `acceptance.ts`.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { type Address, type Family, familyOf } from '@aloft/shared/network/address'
import { isMulticast } from '@aloft/shared/network/scope'
import type { DiscardReason } from '@aloft/shared/protocol/events'
import type { Decoded } from './advertisement.ts'
import { GROUP } from './virtual-router.ts'

/** RFC 9568 §5.1.1.3, §5.1.2.3: anything less has crossed a router, so it was not sent on this link. */
const TTL_REQUIRED = 255

export interface Journey {
  readonly source: Address
  readonly destination: Address
  readonly ttl: number
}

/** The group a router listens to and speaks to; null: it speaks to its peers only. */
export function groupOf(
  config: Pick<VirtualRouterConfig, 'unicast' | 'multicastGroup' | 'family'>,
): Address | null {
  return config.unicast === null ? (config.multicastGroup ?? GROUP[config.family]) : null
}

/** Of these routers of one interface, family and VRID, the one that such a packet is for; null: none of them. */
export function addresseeOf(
  routers: readonly VirtualRouterConfig[],
  { source, destination }: Journey,
): VirtualRouterConfig | null {
  if (isMulticast(destination)) return routers.find((router) => groupOf(router) === destination) ?? null
  const listening = routers.filter(({ unicast }) => unicast !== null)
  return listening.find((router) => peerOf(router, source) !== null) ?? listening[0] ?? null
}

/** RFC 9568 §7.1: a TTL of 255, whoever it is for. To a host itself it may have been routed: its peers' bounds decide. */
export function isTtlPossible({ destination, ttl }: Journey): boolean {
  return ttl === TTL_REQUIRED || !isMulticast(destination)
}

export function journeyProblem(
  router: VirtualRouterConfig,
  { source, ttl }: Journey,
  { checksum }: Decoded,
): DiscardReason | null {
  if (router.unicast === null) return checksum === 'old-unicast' ? 'checksum' : null
  if (checksum === 'old-unicast' && router.unicast.oldChecksum === 'never') return 'checksum'
  const peer = peerOf(router, source)
  if (peer === null) return router.unicast.checkSource ? 'source' : null
  return ttl < peer.minTtl || ttl > peer.maxTtl ? 'ip-ttl' : null
}

function peerOf({ unicast }: VirtualRouterConfig, source: Address) {
  return unicast?.peers.find(({ address }) => address === source) ?? null
}

/** The group that keepalived before 1.3.7 put into the pseudo-header of what it sent to peers. */
export function oldChecksumGroup(family: Family, destination: Address): Address | null {
  return familyOf(destination) === family && !isMulticast(destination) ? GROUP[family] : null
}

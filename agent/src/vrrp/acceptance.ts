/**
 * Is an advertisement one that this virtual router must act on? RFC 9568 §7.1, RFC 3768 §7.1: the checks that need
 * the router's configuration, after `decodeAdvertisement` did those that need none.
 */
import type { Address } from '@aloft/shared/network/address'
import type { DiscardReason } from '@aloft/shared/protocol/events'
import type { Decoded } from './advertisement.ts'
import { authenticationProblem } from './authentication.ts'
import { OWNER, type Parameters, RESIGN, type State } from './virtual-router.ts'

export interface Candidate {
  readonly source: Address
  readonly decoded: Decoded
  readonly role: State['role']
}

/** Why the router must discard the advertisement; null when it must not. */
export function discardReason(parameters: Parameters, candidate: Candidate): DiscardReason | null {
  const { config } = parameters
  const { advertisement, authentication } = candidate.decoded
  if (advertisement.version !== config.version) return 'version'
  if (config.ownerIgnoresAdvertisements && config.priority === OWNER) return 'address-owner'
  if (authentication !== null) {
    const problem = authenticationProblem(config.authentication, authentication)
    if (problem !== null) return problem
    // RFC 3768 §7.1: v2 has no way to follow another interval than its own.
    const ownSeconds = Math.round(config.advertisementIntervalMs / 1000)
    if (advertisement.intervalMs !== ownSeconds * 1000) return 'interval-mismatch'
  }
  return isOwn(parameters, candidate) ? 'own-advertisement' : null
}

/**
 * Our own words come back (a bridge loop, a reflecting switch), or another host has our primary address. Only an
 * active speaks, so only an active can hear itself; a backup that hears its own address hears somebody else, and
 * must not take over from it.
 */
function isOwn({ priority: own, source }: Parameters, { source: from, decoded, role }: Candidate): boolean {
  const { priority } = decoded.advertisement
  return role === 'active' && from === source && (priority === own || priority === RESIGN)
}

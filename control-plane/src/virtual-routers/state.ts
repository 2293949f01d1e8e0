import type { VirtualRouterState } from '@aloft/shared/api/schemas'
import type { Role } from '@aloft/shared/protocol/events'

/**
 * What is known of a virtual router, from how many of its nodes say that they are active, how many cannot be asked, and
 * whether a backup hears an active that does not say so itself. Unknown is never good: with nobody known to be
 * active and nobody heard, one unseen node leaves everything open.
 */
export function stateOf(activeNodes: number, unseenNodes: number, isHeard: boolean): VirtualRouterState {
  if (activeNodes > 1) return 'split-brain'
  if (activeNodes === 1 || isHeard) return 'served'
  return unseenNodes > 0 ? 'unknown' : 'no-active'
}

export interface MemberRole {
  readonly node: string
  /** Null when the node cannot be seen now. */
  readonly role: Role | null
  /** A backup hears it as the active. */
  readonly heard: boolean
}

export function stateOfMembers(
  members: readonly MemberRole[],
  isHeard: boolean,
): {
  readonly state: VirtualRouterState
  /** The node that serves it; null unless exactly one is known to be active, or is heard as that. */
  readonly active: string | null
} {
  const active = members.filter(({ role }) => role === 'active')
  const state = stateOf(active.length, members.filter(({ role }) => role === null).length, isHeard)
  const serving = active[0] ?? members.find(({ heard }) => heard)
  return { state, active: state === 'served' ? (serving?.node ?? null) : null }
}

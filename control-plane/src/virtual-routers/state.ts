import type { VirtualRouterState } from '@aloft/shared/api/schemas'
import type { Role } from '@aloft/shared/protocol/events'

/**
 * What is known of a virtual router, from how many of its nodes are known to be active and how many cannot be seen.
 * Unknown is never good: with nobody known to be active, one unseen node leaves everything open.
 */
export function stateOf(activeNodes: number, unseenNodes: number): VirtualRouterState {
  if (activeNodes > 1) return 'split-brain'
  if (activeNodes === 1) return 'served'
  return unseenNodes > 0 ? 'unknown' : 'no-active'
}

export interface MemberRole {
  readonly node: string
  /** Null when the node cannot be seen now. */
  readonly role: Role | null
}

export function stateOfMembers(members: readonly MemberRole[]): {
  readonly state: VirtualRouterState
  /** The node that serves it; null unless exactly one is known to be active. */
  readonly active: string | null
} {
  const active = members.filter(({ role }) => role === 'active')
  const state = stateOf(active.length, members.filter(({ role }) => role === null).length)
  return { state, active: state === 'served' ? (active[0]?.node ?? null) : null }
}

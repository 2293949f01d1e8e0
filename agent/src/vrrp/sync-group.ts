/**
 * Virtual routers that are active together or not at all (keepalived-and-vrrp.md §1.8). From what each member is to the
 * next thing one of them must do; asked again after it was done, until nothing is left to do. Faults come first, then
 * the role: whoever cannot be active holds the others back.
 */
import type { State } from './virtual-router.ts'

export interface Member {
  readonly role: State['role']
  /** A backup whose Active_Down_Timer has fired. */
  readonly isWilling: boolean
  /** It has a reason of its own not to take part. */
  readonly isFaulty: boolean
  /** It is in fault because of the others. */
  readonly isHeldBack: boolean
}

/** `member` and `cause` are places in the list. */
export type Order =
  /** In fault, because of `cause`. */
  | { readonly do: 'hold-back'; readonly member: number; readonly cause: number }
  | { readonly do: 'let-go'; readonly member: number }
  | { readonly do: 'become-active'; readonly member: number }
  | { readonly do: 'become-backup'; readonly member: number }

/** Null: the group is as it should be. */
export function nextOrder(members: readonly Member[]): Order | null {
  return faultOrder(members) ?? roleOrder(members)
}

function faultOrder(members: readonly Member[]): Order | null {
  const cause = members.findIndex(({ isFaulty }) => isFaulty)
  if (cause < 0) return order('let-go', members, ({ isHeldBack }) => isHeldBack)
  const member = members.findIndex(({ isFaulty, isHeldBack }) => !isFaulty && !isHeldBack)
  return member < 0 ? null : { do: 'hold-back', member, cause }
}

function roleOrder(members: readonly Member[]): Order | null {
  if (members.every(canBeActive)) return order('become-active', members, ({ role }) => role === 'backup')
  return order('become-backup', members, ({ role }) => role === 'active')
}

function canBeActive({ role, isWilling }: Member): boolean {
  return role === 'active' || (role === 'backup' && isWilling)
}

function order(
  what: Exclude<Order['do'], 'hold-back'>,
  members: readonly Member[],
  concerns: (member: Member) => boolean,
): Order | null {
  const member = members.findIndex(concerns)
  return member < 0 ? null : { do: what, member }
}

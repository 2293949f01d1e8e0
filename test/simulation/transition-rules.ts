/** What must hold of a single transition as it is journalled: how it came about, when, and what was done with it. */

import { compareAddresses, parseAddress } from '@aloft/shared/network/address'
import type { TransitionBody } from '@aloft/shared/protocol/events'
import { advertisesFrom, configOf, isGrouped, type Member } from './members.ts'
import type { Plan } from './plan.ts'
import { activeDownMs, skewMs } from './waits.ts'

/** Something a virtual router did, in the instant of a transition. */
export type DeedOfRouter =
  | { readonly did: 'send'; readonly priority: number }
  | { readonly did: 'acquire' | 'release' | 'announce' }

interface Circumstances {
  readonly atMs: number
  readonly plan: Plan
}

/** Floating point, and nothing else, may make a deadline early or late. */
const TICK_MS = 0.01

/** The rule that a transition breaks, in words; null when it breaks none. */
export function ruleBrokenBy(
  member: Member,
  body: TransitionBody,
  circumstances: Circumstances,
): string | null {
  if (body.from !== member.role) return `the journal is an unbroken chain (${member.role} before)`
  if (body.from === body.to && body.to !== 'active') return 'a transition changes the role'
  const { deeds } = member
  return (
    deedsRule(deeds, body) ??
    outageRule(body) ??
    strangerRule(member, body) ??
    reasonRule(member, body, circumstances)
  )
}

/** Packets of anybody else are wrong in some way (stranger.ts), and nobody may go by them. */
function strangerRule({ group }: Member, { heard }: TransitionBody): string | null {
  const isKnown = heard === null || group.members.some((other) => advertisesFrom(other, heard.address))
  return isKnown ? null : 'only routers of the group are gone by'
}

function deedsRule(deeds: readonly DeedOfRouter[], body: TransitionBody): string | null {
  const did = deeds.map((deed) => (deed.did === 'send' ? `send ${deed.priority}` : deed.did))
  if (body.to === 'active') {
    const order = [`send ${body.priority}`, 'acquire', 'announce'].map((what) => did.indexOf(what))
    const isInOrder = order.every((index, i) => index >= 0 && index > (order[i - 1] ?? -1))
    return isInOrder ? null : `becoming active advertises, acquires, announces (did ${did.join(', ')})`
  }
  if (body.from !== 'active') return null
  // Who yields or resigns lets go a little later (invariants.ts); on a dead link there is nothing to wait for.
  const isAbrupt = body.reason === 'interface-down' || body.reason === 'no-primary-ip-address'
  if (isAbrupt && !did.includes('release')) return 'whoever loses its link releases at once'
  // A process that takes up a role where there is no address left to speak from can tell nobody.
  if (body.to !== 'backup' && body.source !== null && !did.includes('send 0'))
    return 'an active that leaves says so with priority 0'
  return null
}

function outageRule({ to, heard, outageMs }: TransitionBody): string | null {
  const isRight =
    to === 'active' && heard !== null ? outageMs !== null && outageMs >= heard.agoMs : outageMs === null
  return isRight ? null : 'an outage is known exactly when the old active was heard'
}

function reasonRule(member: Member, body: TransitionBody, { atMs }: Circumstances): string | null {
  const { reason, heard } = body
  if (reason === 'higher-priority-backup') return yieldRule(body)
  // What BFD has told is pairing-rules.ts's to judge.
  if (body.from !== 'backup' || body.to !== 'active' || body.detectedBy === 'bfd') return null
  if (reason === 'preempted') return preemptionRule(member, body)
  if (reason === 'priority' && heard !== null && heard.priority !== 0)
    return 'nobody is active only when the last one resigned'
  const wait = waitOf(member, body)
  if (wait === null) return null
  const { agoMs, leastMs, mostMs, what } = wait
  if (agoMs < leastMs - TICK_MS) return `a backup waits ${what} (${leastMs} ms)`
  // Of a sync group the last one to be willing decides (isLate).
  const isExact = !isGrouped(member) && isUndisturbed(member, agoMs, atMs)
  return isExact && agoMs > mostMs + TICK_MS ? `a backup waits no longer than ${what} (${mostMs} ms)` : null
}

/** How long a backup has waited, and had to. */
interface Wait {
  readonly agoMs: number
  readonly leastMs: number
  readonly mostMs: number
  readonly what: string
}

/** Null: when it began can not be seen from outside. */
function waitOf(member: Member, body: TransitionBody): Wait | null {
  const { heard, reason, priority } = body
  const listenedMs = member.node.clock.now() - member.backupSinceMs
  if (heard === null) {
    // RFC 9568 §6.4.1: the owner of the addresses waits for nobody, but for the others of its group.
    const downMs = priority === 255 ? 0 : activeDownMs(member, configOf(member).advertisementIntervalMs)
    return { agoMs: listenedMs, leastMs: downMs, mostMs: downMs, what: 'three intervals and its skew' }
  }
  if (reason === 'preempted' || body.detectedBy === 'bfd') return null
  const waits = reason === 'no-response' ? silences(member, heard.address) : resignations(member)
  // The owner was willing before it heard anybody.
  const leastMs = priority === 255 && isGrouped(member) ? 0 : Math.min(...waits.ms)
  return { agoMs: heard.agoMs, leastMs, mostMs: Math.max(...waits.ms), what: waits.what }
}

/** RFC 9568 §6.1: three intervals of the active (v2: our own) and our skew. */
function silences(member: Member, address: string) {
  const ms = intervalsOf(member, address).map((intervalMs) => activeDownMs(member, intervalMs))
  return { ms, what: 'three intervals and its skew' }
}

/** RFC 9568 §6.4.2: so that the best one comes first. The interval may be that of any active heard before, or its own. */
function resignations(member: Member) {
  const intervals = member.group.members.map((each) => configOf(each).advertisementIntervalMs)
  return {
    ms: intervals.map((intervalMs) => skewMs(member, intervalMs)),
    what: 'its skew after a resignation',
  }
}

/** Only what is at least needed: where the timer of an active that is outranked began cannot be seen from outside. */
function preemptionRule(member: Member, { heard, priority }: TransitionBody): string | null {
  const { preempt } = configOf(member)
  const isOwner = priority === 255
  if (heard === null || heard.priority >= priority || !(preempt.enabled || isOwner))
    return 'only a higher priority preempts, and only where it may'
  const waitedMs = member.node.clock.now() - member.backupSinceMs
  return waitedMs < (isOwner ? 0 : preempt.delayMs) - TICK_MS ? 'preemption waits for its delay' : null
}

/**
 * Whether a member of a sync group became active later than it was willing to: it waited for another. One of those that do in
 * the same moment does not: the last to be willing.
 */
export function isLate(member: Member, body: TransitionBody, atMs: number): boolean {
  const wait = waitOf(member, body)
  return wait !== null && isUndisturbed(member, wait.agoMs, atMs) && wait.agoMs > wait.mostMs + TICK_MS
}

/** RFC 9568 §6.4.3: to a higher priority, or to an equal one with a higher address. */
function yieldRule({ heard, priority, source }: TransitionBody): string | null {
  if (heard === null) return 'an active yields to somebody it heard'
  if (heard.priority !== priority)
    return heard.priority > priority ? null : 'an active yields to no lower priority'
  const [theirs, ours] = [parseAddress(heard.address), source ? parseAddress(source) : null]
  const isHigher = theirs !== null && (ours === null || compareAddresses(theirs, ours) > 0)
  return isHigher ? null : 'an active yields to an equal only if its address is higher'
}

/** Whether nothing has disturbed a wait that began so long ago. */
export function isUndisturbed({ node }: Member, agoMs: number, atMs: number): boolean {
  return Math.max(node.disturbedAtMs, node.movedAtMs) <= atMs - 2 * agoMs - 1
}

/** The intervals of those on the segment who advertise from an address: one, or two where two hosts share it. */
function intervalsOf(member: Member, address: string): number[] {
  return member.group.members
    .filter((other) => other !== member && advertisesFrom(other, address))
    .map((other) => configOf(other).advertisementIntervalMs)
}

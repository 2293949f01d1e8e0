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

function reasonRule(member: Member, body: TransitionBody, circumstances: Circumstances): string | null {
  const { reason, heard, priority } = body
  const config = configOf(member)
  if (reason === 'higher-priority-backup') return yieldRule(body)
  // What BFD has told is pairing-rules.ts's to judge.
  if (body.from !== 'backup' || body.to !== 'active' || body.detectedBy === 'bfd') return null
  // Its owner, too, waits for the others of its group.
  if (priority === 255 && isGrouped(member)) return null
  if (heard === null)
    return silenceRule(member, { agoMs: member.node.clock.now() - member.backupSinceMs }, circumstances)
  if (reason === 'no-response') return silenceRule(member, heard, circumstances)
  if (reason === 'preempted') {
    const mayPreempt = config.preempt.enabled || priority === 255
    if (heard.priority >= priority || !mayPreempt)
      return 'only a higher priority preempts, and only where it may'
    const waitedMs = member.node.clock.now() - member.backupSinceMs
    const delayMs = priority === 255 ? 0 : config.preempt.delayMs
    return waitedMs < delayMs - TICK_MS ? 'preemption waits for its delay' : null
  }
  return resignationRule(member, heard, circumstances)
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

/** RFC 9568 §6.1: three intervals of the active (v2: our own) and our skew, not less and, undisturbed, not more. */
function silenceRule(
  member: Member,
  heard: { address?: string; agoMs: number },
  { atMs }: Circumstances,
): string | null {
  const config = configOf(member)
  const intervals =
    heard.address && config.version === 3
      ? intervalsOf(member, heard.address)
      : [config.advertisementIntervalMs]
  const downMs = intervals.map((intervalMs) => activeDownMs(member, intervalMs))
  if (downMs.length === 0) return null
  if (heard.agoMs < Math.min(...downMs) - TICK_MS)
    return `a backup waits three intervals and its skew (${Math.min(...downMs)} ms)`
  return !isExact(member, heard.agoMs, atMs) || heard.agoMs <= Math.max(...downMs) + TICK_MS
    ? null
    : `a backup waits no longer than three intervals and its skew (${Math.max(...downMs)} ms)`
}

/** RFC 9568 §6.4.2: after a resignation a backup waits for its skew, so that the best one comes first. */
function resignationRule(
  member: Member,
  heard: { address: string; priority: number; agoMs: number },
  { atMs }: Circumstances,
): string | null {
  if (heard.priority !== 0) return 'nobody is active only when the last one resigned'
  // The interval it went by may be that of any active heard before, or its own.
  const all = member.group.members.map((each) => configOf(each).advertisementIntervalMs)
  const skews = all.map((intervalMs) => skewMs(member, intervalMs))
  if (heard.agoMs < Math.min(...skews) - TICK_MS) return 'after a resignation a backup waits for its skew'
  return !isExact(member, heard.agoMs, atMs) || heard.agoMs <= Math.max(...skews) + TICK_MS
    ? null
    : 'after a resignation a backup waits no longer than its skew'
}

/** Whether a wait that began so long ago was disturbed by nothing, and for nobody else. */
export function isExact(member: Member, agoMs: number, atMs: number): boolean {
  const { disturbedAtMs, movedAtMs } = member.node
  return !isGrouped(member) && Math.max(disturbedAtMs, movedAtMs) <= atMs - 2 * agoMs - 1
}

/** The intervals of those on the segment who advertise from an address: one, or two where two hosts share it. */
function intervalsOf(member: Member, address: string): number[] {
  return member.group.members
    .filter((other) => other !== member && advertisesFrom(other, address))
    .map((other) => configOf(other).advertisementIntervalMs)
}

/**
 * The virtual router of RFC 9568 §6.4 (and RFC 3768 §6.4, from which v2 differs in its intervals only). No clock, no
 * socket, no chance: equal arguments give equal results. Timers are deadlines in the state, so that cancelling one is
 * being in another state. Beyond the RFC: preempt delay, fault, resuming as active, and a limit on how often an active
 * re-asserts itself.
 *
 * Becoming active, the actions are: advertise, acquire, announce, record. The advertisement comes first because it
 * costs least and silences the other backups whose timers are about to run out; the announcement must not precede
 * the address, or packets it draws would find nobody; nothing slower than that stands before it.
 */
import { compareAddresses } from '@aloft/shared/network/address'
import type { Heard, TransitionReason } from '@aloft/shared/protocol/events'
import { findActive, loseActive } from './active-lost.ts'
import { activeDownInterval, learnedInterval, skewTime } from './intervals.ts'
import { rescaled } from './priority.ts'
import { reconfigured } from './reconfigured.ts'
import {
  type Action,
  type ActiveState,
  type BackupState,
  type Event,
  type LastHeard,
  type Milliseconds,
  OWNER,
  type Parameters,
  RESIGN,
  type State,
  type Step,
} from './virtual-router.ts'

interface Change {
  readonly from: State
  readonly to: State
  readonly reason: TransitionReason
  readonly heard: Heard | null
  readonly detectedBy?: 'bfd'
}
type AdvertisementHeard = Extract<Event, { kind: 'advertisement' }>

/** An active re-asserts itself at most once in this part of its interval, however often it is provoked. */
const REASSERT_INTERVALS = 0.5

export const INITIAL: State = { role: 'initialize' }

/** RFC 9568 §6.4, whole. */
export function step(parameters: Parameters, state: State, event: Event, now: Milliseconds): Step {
  if (event.kind === 'reconfigured') return [reconfigured(parameters, state, event.before, now), []]
  switch (state.role) {
    case 'initialize':
      if (event.kind === 'startup') return takePart(parameters, state, event.reason ?? 'startup', now)
      if (event.kind === 'resume-active') return resume(parameters, now)
      return event.kind === 'fault' ? fail(parameters, state, event.reason, now) : [state, []]

    case 'fault':
      if (event.kind === 'fault-cleared')
        return takePart(parameters, state, event.reason ?? 'interface-up', now)
      return event.kind === 'shutdown' ? stop(parameters, state, event.reason, now) : [state, []]

    case 'backup':
      if (event.kind === 'advertisement') return hearAsBackup(parameters, state, event, now)
      if (event.kind === 'timer')
        return now >= state.activeDownAt ? runOut(parameters, state, now) : [state, []]
      if (event.kind === 'group-active')
        return state.isWilling ? takeOver(parameters, state, now) : [state, []]
      if (event.kind === 'shutdown') return stop(parameters, state, event.reason, now)
      if (event.kind === 'active-lost') return [loseActive(state, event, now), []]
      if (event.kind === 'active-found')
        return [findActive(parameters, state, { source: event.source, now }), []]
      if (event.kind === 'priority-changed') return [rescaled(parameters, state, event.before, now), []]
      return event.kind === 'fault' ? fail(parameters, state, event.reason, now) : [state, []]

    case 'active':
      if (event.kind === 'advertisement') return hearAsActive(parameters, state, event, now)
      if (event.kind === 'timer') return keepActive(parameters, state, now)
      if (event.kind === 'group-backup') return leaveRole(parameters, state, 'sync-group', now)
      if (event.kind === 'holding-lost') return leaveRole(parameters, state, 'holding-lost', now)
      if (event.kind === 'stalled') return wakeAsBackup(parameters, state, now)
      if (event.kind === 'shutdown') return stop(parameters, state, event.reason, now)
      return event.kind === 'fault' ? fail(parameters, state, event.reason, now) : [state, []]
  }
}

/** When the machine wants its next `timer` event; null when it waits for nothing but the world. */
export function nextWakeup(state: State): Milliseconds | null {
  if (state.role === 'backup') return state.isWilling ? null : state.activeDownAt
  return state.role === 'active' ? state.advertiseAt : null
}

/** RFC 9568 §6.4.1: the owner of the addresses starts as active, everybody else listens first. */
function takePart(parameters: Parameters, from: State, reason: TransitionReason, now: Milliseconds): Step {
  const { priority, preempt, advertisementIntervalMs } = parameters.config
  const isOwner = priority === OWNER
  if (isOwner && !parameters.isGrouped) return becomeActive(parameters, from, { reason, heard: null }, now)
  const preemptAt = preempt.enabled && preempt.delayMs > 0 ? now + preempt.delayMs : null
  const listening = listen(parameters, advertisementIntervalMs, null, now)
  const backup = { ...listening, preemptAt, isWilling: isOwner }
  return [backup, [record(parameters, { from, to: backup, reason, heard: null }, now)]]
}

/** RFC 9568 §6.4.2, Active_Down_Timer fired; who belongs to a group waits for the others. */
function runOut(parameters: Parameters, state: BackupState, now: Milliseconds): Step {
  return parameters.isGrouped ? [{ ...state, isWilling: true }, []] : takeOver(parameters, state, now)
}

function takeOver(parameters: Parameters, state: BackupState, now: Milliseconds): Step {
  const { lostBy } = state
  const reason = takeOverReason(state)
  const detectedBy = reason === 'no-response' && lostBy !== undefined ? { detectedBy: lostBy } : {}
  return becomeActive(parameters, state, { reason, heard: ago(state.lastHeard, now), ...detectedBy }, now)
}

function takeOverReason({ lastHeard, resigned, preempting }: BackupState): TransitionReason {
  if (resigned || lastHeard === null) return 'priority'
  return preempting ? 'preempted' : 'no-response'
}

/** RFC 9568 §6.4.2, ADVERTISEMENT received. */
function hearAsBackup(
  parameters: Parameters,
  state: BackupState,
  event: AdvertisementHeard,
  now: Milliseconds,
): Step {
  const { priority, intervalMs } = event.advertisement
  const lastHeard: LastHeard = { source: event.source, priority, at: now }
  if (priority === RESIGN) {
    const activeDownAt = now + skewTime(parameters, state.activeIntervalMs)
    return [
      {
        ...state,
        activeDownAt,
        lastHeard,
        preemptAt: null,
        resigned: true,
        preempting: false,
        isWilling: false,
      },
      [],
    ]
  }

  const isOutranked = priority < parameters.priority
  const preemptAt = isOutranked ? preemptionAt(parameters, state, now) : null
  if (preemptAt !== null && now >= preemptAt) {
    return [{ ...state, lastHeard, preemptAt, resigned: false, preempting: true }, []]
  }
  const listening = listen(parameters, learnedInterval(parameters, intervalMs), lastHeard, now)
  return [preemptAt === null ? listening : { ...listening, preemptAt }, []]
}

/** From when on an active that we outrank is preempted; null: never. The owner never waits (RFC 9568 §6.1). */
function preemptionAt({ config }: Parameters, state: BackupState, now: Milliseconds): Milliseconds | null {
  if (config.priority === OWNER) return now
  if (!config.preempt.enabled) return null
  // The delay counts from the first lower-priority advertisement, so that each further one does not begin it anew.
  return state.preemptAt ?? now + config.preempt.delayMs
}

/** RFC 9568 §6.4.3, Adver_Timer fired. */
function keepActive(parameters: Parameters, state: ActiveState, now: Milliseconds): Step {
  if (now < state.advertiseAt) return [state, []]
  return [{ ...state, advertiseAt: nextAdvertisementAt(parameters, state, now) }, [advertise(parameters)]]
}

/** Counted from when the last one was due, so that late alarms do not add up; a whole interval late, from now. */
function nextAdvertisementAt({ config }: Parameters, state: ActiveState, now: Milliseconds): Milliseconds {
  const due = state.advertiseAt + config.advertisementIntervalMs
  return due > now ? due : now + config.advertisementIntervalMs
}

/** RFC 9568 §6.4.3, ADVERTISEMENT received. */
function hearAsActive(
  parameters: Parameters,
  state: ActiveState,
  event: AdvertisementHeard,
  now: Milliseconds,
): Step {
  const { priority, intervalMs } = event.advertisement
  if (priority === RESIGN) {
    return [
      { ...state, advertiseAt: now + parameters.config.advertisementIntervalMs },
      [advertise(parameters)],
    ]
  }
  if (!isOutrankedBy(parameters, event)) return reassert(parameters, state, now)

  const lastHeard: LastHeard = { source: event.source, priority, at: now }
  const backup = listen(parameters, learnedInterval(parameters, intervalMs), lastHeard, now)
  const change: Change = {
    from: state,
    to: backup,
    reason: 'higher-priority-backup',
    heard: ago(lastHeard, now),
  }
  // A better active that has not heard of us does not know that hosts were told otherwise, and would not tell them again.
  const lastWord = parameters.config.speakBeforeYielding ? [advertise(parameters)] : []
  return [backup, [...lastWord, { do: 'release-addresses' }, record(parameters, change, now)]]
}

/** Who hears our resignation need not wait for our silence. */
function leaveRole(
  parameters: Parameters,
  from: ActiveState,
  reason: TransitionReason,
  now: Milliseconds,
): Step {
  const to = listen(parameters, parameters.config.advertisementIntervalMs, null, now)
  return [to, [...resign(from), record(parameters, { from, to, reason, heard: null }, now)]]
}

/** Others have stopped waiting for us long ago, so there is nobody to resign to. */
function wakeAsBackup(parameters: Parameters, from: ActiveState, now: Milliseconds): Step {
  const to = listen(parameters, parameters.config.advertisementIntervalMs, null, now)
  const change: Change = { from, to, reason: 'stall', heard: null }
  return [to, [{ do: 'release-addresses' }, record(parameters, change, now)]]
}

/** Between two actives the higher priority wins, then the higher address. Between backups there is no tie to break. */
export function isOutrankedBy(
  { priority, source }: Parameters,
  { source: rival, advertisement }: Pick<AdvertisementHeard, 'source' | 'advertisement'>,
): boolean {
  if (advertisement.priority !== priority) return advertisement.priority > priority
  return source === null || compareAddresses(rival, source) > 0
}

/**
 * RFC 9568 §6.4.3: a losing active is told at once, and so are the bridges and hosts that it drew away by its own
 * announcement. Limited, because two hosts that share a primary address would answer each other for ever. The
 * Adver_Timer runs on undisturbed.
 */
function reassert(parameters: Parameters, state: ActiveState, now: Milliseconds): Step {
  const quietMs = REASSERT_INTERVALS * parameters.config.advertisementIntervalMs
  // It may have been the last word of one that yields: hosts must not stay where it has drawn them to.
  if (state.reassertedAt !== null && now < state.reassertedAt + quietMs)
    return [state, [{ do: 'announce', because: 'lower-priority-again' }]]
  const announcement: Action = { do: 'announce', because: 'lower-priority-heard' }
  // RFC 5798 discarded it; the hosts must hear of us again all the same.
  const answer = parameters.config.answerLowerPriority ? [advertise(parameters)] : []
  return [{ ...state, reassertedAt: now }, [...answer, announcement]]
}

/** RFC 9568 §6.4.2, §6.4.3, Shutdown. An active says so, and goes on answering until it has. */
function stop(parameters: Parameters, from: State, reason: TransitionReason, now: Milliseconds): Step {
  const to: State = { role: 'initialize' }
  return [to, [...resign(from), record(parameters, { from, to, reason, heard: null }, now)]]
}

function fail(parameters: Parameters, from: State, reason: TransitionReason, now: Milliseconds): Step {
  const to: State = { role: 'fault' }
  return [to, [...resign(from), record(parameters, { from, to, reason, heard: null }, now)]]
}

function resign(from: State): readonly Action[] {
  if (from.role !== 'active') return []
  return [{ do: 'advertise', priority: RESIGN }, { do: 'release-addresses' }]
}

/** The predecessor process was active a moment ago, so on the wire nothing changes, and nothing is recorded. */
function resume(parameters: Parameters, now: Milliseconds): Step {
  return [activeState(parameters, now), assertion(parameters)]
}

function becomeActive(
  parameters: Parameters,
  from: State,
  why: Omit<Change, 'from' | 'to'>,
  now: Milliseconds,
): Step {
  const active = activeState(parameters, now)
  return [active, [...assertion(parameters), record(parameters, { from, to: active, ...why }, now)]]
}

function assertion(parameters: Parameters): readonly Action[] {
  return [advertise(parameters), { do: 'acquire-addresses' }, { do: 'announce', because: 'became-active' }]
}

function activeState({ config }: Parameters, now: Milliseconds): ActiveState {
  return {
    role: 'active',
    advertiseAt: now + config.advertisementIntervalMs,
    reassertedAt: null,
  }
}

/** A backup whose Active_Down_Timer has just been set. */
function listen(
  parameters: Parameters,
  activeIntervalMs: Milliseconds,
  lastHeard: LastHeard | null,
  now: Milliseconds,
): BackupState {
  const activeDownAt = now + activeDownInterval(parameters, activeIntervalMs)
  return {
    role: 'backup',
    activeDownAt,
    activeIntervalMs,
    lastHeard,
    preemptAt: null,
    resigned: false,
    preempting: false,
    isWilling: false,
  }
}

function advertise({ priority }: Parameters): Action {
  return { do: 'advertise', priority }
}

function ago(lastHeard: LastHeard | null, now: Milliseconds): Heard | null {
  if (lastHeard === null) return null
  return { address: lastHeard.source, priority: lastHeard.priority, agoMs: now - lastHeard.at }
}

function record({ priority }: Parameters, { from, to, ...why }: Change, at: Milliseconds): Action {
  const transition = { from: from.role, to: to.role, ...why, priority, at }
  return { do: 'transition', transition }
}

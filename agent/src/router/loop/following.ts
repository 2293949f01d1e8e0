/**
 * The short way for an advertisement that comes again: a backup that follows its active hears the same from it, over and
 * over. What hearing it did, beyond counting it and setting deadlines anew, was nothing; as long as nothing of what that
 * followed from has changed, it is nothing again. Whatever is not exactly so takes the way of every advertisement.
 */
import { heardAgain, isSteady } from '../../vrrp/heard-again.ts'
import { activeDownInterval } from '../../vrrp/intervals.ts'
import type { BackupState, Parameters } from '../../vrrp/virtual-router.ts'
import { type HeardAdvertisement, heardOf } from './bfd-heard.ts'
import type { BfdPart } from './bfd-part.ts'
import type { Deadlines } from './deadlines.ts'
import type { Instance } from './instance.ts'
import type { Heard as PairingHeard } from './pairing-keeper.ts'
import { type Heard, noteHeard } from './reception.ts'
import { SHORTEST_STALL_MS } from './stall-guard.ts'

/** A backup as hearing an advertisement left it, and all that hearing it again depends on. */
export interface Followed {
  readonly instance: Instance
  /** New whenever its configuration, its priority, its link or its group is. */
  readonly parameters: Parameters
  state: BackupState
  /** Its Active_Down_Interval. */
  readonly downMs: number
  /** What it is to pairing; null: nothing. */
  readonly pairing: PairingHeard | null
}

interface Company {
  readonly deadlines: Deadlines<Instance>
  readonly bfd: BfdPart | null
}

/** What is to be remembered of an advertisement that a router has just taken, if it did nothing else. */
export function followedAfter(instance: Instance, what: HeardAdvertisement): Followed | null {
  const { parameters, state, departure } = instance
  if (!isSteady(state)) return null
  // Who stands back does so for a while only.
  if (departure.leaving !== null || departure.standBack !== null) return null
  return {
    instance,
    parameters,
    state,
    downMs: activeDownInterval(parameters, state.activeIntervalMs),
    pairing: heardOf(instance, what),
  }
}

/** False: it is not as it was, and nothing has been done. */
export function hearAgain({ deadlines, bfd }: Company, heard: Heard, now: number): boolean {
  const { followed } = heard
  if (followed === null) return false
  const { instance } = followed
  if (instance.state !== followed.state || instance.parameters !== followed.parameters) return false
  // Were we away ourselves? Then that is looked at first.
  if (now - (deadlines.notBefore() ?? now) > SHORTEST_STALL_MS) return false
  noteHeard(instance, heard)
  const state = heardAgain(followed.state, followed.downMs, now)
  instance.state = state
  followed.state = state
  instance.isPatient = false
  deadlines.set(instance, state.activeDownAt)
  if (followed.pairing !== null) bfd?.heardAgain(followed.pairing, now)
  return true
}

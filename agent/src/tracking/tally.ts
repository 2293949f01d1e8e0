/** What is held for true of a script, from the results of its runs (keepalived-and-vrrp.md §1.9, rise and fall). */
import type { ScriptTracker } from '@aloft/shared/config/tracking-config'
import type { VerdictState } from './verdict.ts'

export interface Tally {
  readonly state: VerdictState
  /** Results in a row that say otherwise. */
  readonly contrary: number
}

/** `known`: what held when the steward before this one ended, so that a restart changes nothing. */
export function beginTally(
  { initially }: Pick<ScriptTracker, 'initially'>,
  known: VerdictState | null,
): Tally {
  if (known !== null && known !== 'unknown') return { state: known, contrary: 0 }
  return { state: initially === 'failed' ? 'down' : 'unknown', contrary: 0 }
}

/** The first result after a start is enough, whichever it is: there is nothing that it could be a flap of. */
export function afterResult(
  { rise, fall }: Pick<ScriptTracker, 'rise' | 'fall'>,
  before: Tally,
  ok: boolean,
): Tally {
  const said: VerdictState = ok ? 'up' : 'down'
  if (before.state === said) return { state: said, contrary: 0 }
  const contrary = before.contrary + 1
  const needed = before.state === 'unknown' ? 1 : ok ? rise : fall
  return contrary >= needed ? { state: said, contrary: 0 } : { state: before.state, contrary }
}

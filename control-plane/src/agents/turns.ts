/**
 * Sessions over HTTP requests: each request that says something is a turn, taken in the database, so that any replica
 * may answer the next one. A proxy may deliver a request twice, late, or after its successor: the same turn again has the
 * same effect once more, an older one has none.
 */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { Database, Transaction } from '../database/client.ts'
import type { Duty } from '../duties/duty.ts'
import { EXCHANGE_SILENCE_MS } from './absence.ts'
import type { Host } from './admit.ts'
import { countLive, endSilent, holdTurn, newestSession, type Turn, takeTurn } from './store-turns.ts'

export type { Turn } from './store-turns.ts'

export type TurnOutcome =
  | { readonly kind: 'taken' }
  /** A later turn was taken already: nobody waits for this answer. */
  | { readonly kind: 'overtaken' }
  /** `by`: the host that a newer session came from. */
  | {
      readonly kind: 'over'
      readonly code: number
      readonly reason: string
      readonly by: Host | null
    }

export async function beginTurn(db: Database, turn: Turn): Promise<TurnOutcome> {
  const taken = await takeTurn(db, turn)
  const outcome = await whetherOver(db, turn)
  if (outcome !== null) return outcome
  return { kind: taken ? 'taken' : 'overtaken' }
}

/** For a request that only asks: whether its session is the agent's newest. Null when it is. */
export async function whetherOver(db: Database, { agentId, generation, turn }: Turn): Promise<Over | null> {
  const newest = await newestSession(db, agentId)
  if (newest === null) return over(CloseCode.unauthorised, 'no longer enrolled here')
  if (newest.dismissal !== null && newest.generation > generation)
    return over(newest.dismissal.code, newest.dismissal.reason)
  if (newest.quarantinedReason !== null) return over(CloseCode.quarantined, newest.quarantinedReason)
  if (newest.generation > generation)
    return { ...over(CloseCode.superseded, 'a newer session of this agent took over'), by: newest }
  // What we sealed ourselves is ahead of the database: that was restored from a copy.
  if (newest.generation < generation || newest.turn < turn - 1)
    return over(CloseCode.tryLater, 'this session is not known here: begin anew')
  return null
}

type Over = Extract<TurnOutcome, { kind: 'over' }>

function over(code: number, reason: string): Over {
  return { kind: 'over', code, reason, by: null }
}

/** Whether the turn is still the newest, until the commit. */
export async function stillHolds(tx: Transaction, turn: Turn): Promise<boolean> {
  return holdTurn(tx, turn)
}

/** Nobody else notices the end of a session that has no socket. One that speaks again goes on, as the same session. */
export const silentSessions: Duty = {
  name: 'silent-sessions',
  everyMs: 5_000,
  run: ({ fence }) => fence.transact((tx) => endSilent(tx, EXCHANGE_SILENCE_MS)),
}

/** Agents with a session, on whatever replica and over whatever transport. */
export async function countConnected(db: Database): Promise<number> {
  return countLive(db)
}

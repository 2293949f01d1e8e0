import type { Bus } from '../bus/bus.ts'
import type { Database } from '../database/client.ts'
import { type HeldSession, selectToWake } from './store-holds.ts'

/** Requests of sessions without a socket that wait here for something to be said to their agents. */
export interface Holds {
  /** Resolves when the session's request is woken, after `ms`, or when the caller is gone. Never rejects. */
  hold(session: HeldSession, ms: number, gone: AbortSignal): Promise<void>
  /** There may be something for these agents: look. */
  wake(agentIds: readonly string[]): void
  /** Whose requests wait here. */
  sessions(): readonly HeldSession[]
  /** This replica stops: everybody is answered now, and asks another. */
  stop(): void
}

export function createHolds(): Holds {
  const waiting = new Map<() => void, HeldSession>()
  let stopped = false
  return {
    hold: ({ agentId, generation }, ms, gone) =>
      new Promise((resolve) => {
        if (stopped || gone.aborted) return resolve()
        const wake = () => {
          clearTimeout(timer)
          gone.removeEventListener('abort', wake)
          waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, ms)
        gone.addEventListener('abort', wake)
        waiting.set(wake, { agentId, generation })
      }),
    wake: (agentIds) => {
      const named = new Set(agentIds)
      for (const [wake, { agentId }] of [...waiting]) if (named.has(agentId)) wake()
    },
    sessions: () => [...waiting.values()],
    stop: () => {
      stopped = true
      for (const wake of [...waiting.keys()]) wake()
    },
  }
}

export interface WakerOptions {
  readonly db: Database
  readonly bus: Bus
  readonly holds: Holds
  readonly now: () => number
}

/**
 * Wakes requests whose agents have something to hear: a command, or that their session is over. Looks when the bus says
 * so and once a second, for all of them in one query; one look at a time. Returns how to end that.
 */
export function wakeHolds({ db, bus, holds, now }: WakerOptions): () => void {
  let isLooking = false
  let again = false
  const look = async () => {
    do {
      again = false
      const held = holds.sessions()
      if (held.length > 0) holds.wake(await selectToWake(db, held, now()))
    } while (again)
  }
  return bus.subscribe('commands', () => {
    again = true
    if (isLooking) return
    isLooking = true
    look()
      // The database is away: nothing can be said to anybody, and the next look finds it.
      .catch(() => {})
      .finally(() => {
        isLooking = false
      })
  })
}

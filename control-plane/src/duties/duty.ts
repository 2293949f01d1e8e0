import type { Database, Transaction } from '../database/client.ts'

/**
 * Something that must be done now and then, by any one replica. A run is idempotent and short: it may be cut off at any
 * instruction, and is then begun again. What is due is in the database, not in a timer.
 */
export interface Duty {
  readonly name: string
  /** From one beginning to the next. A run that failed, or was cut off, is begun again sooner or later by `retryMs`. */
  readonly everyMs: number
  run(context: DutyContext): Promise<void>
}

export interface DutyContext {
  /** For reading, and for statements that cannot be in a transaction. What writes goes through `fence` if it can. */
  readonly db: Database
  /** By the clock of the database, which all replicas share: a replica whose clock is wrong drops nobody's history. */
  readonly nowMs: number
  readonly fence: Fence
}

/** Proof that this run is the newest of its duty. */
export interface Fence {
  readonly token: number
  /** One transaction, refused with `LostFence` when another run of the duty began meanwhile. */
  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** For what is done outside of a transaction. Throws `LostFence`; what follows at once may still be too late. */
  check(): Promise<void>
}

/** The lock was lost (the connection that held it broke, the process stood still), and somebody else goes on. */
export class LostFence extends Error {
  override readonly name = 'LostFence'

  constructor(duty: string) {
    super(`another run of the duty ${duty} has begun; this one may write no more`)
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { databaseErrorCode, isConnectionLoss } from './transact.ts'

export interface Patience {
  readonly forMs: number
  readonly againMs: number
  /** What it waits for, said once. */
  readonly say: (line: string) => void
}

/** A PostgreSQL that was killed is back in seconds; one that is not there at all is a mistake somebody waits to hear of. */
export const AT_START = { forMs: 10_000, againMs: 200 }

/**
 * Does the work as soon as the database answers: a replica and its PostgreSQL are often started in the same moment. The
 * work is done again from its beginning. Throws what it throws; and, when the patience is over, how to go on.
 */
export async function whenAnswering<T>(
  work: () => Promise<T>,
  { forMs, againMs, say }: Patience,
): Promise<T> {
  const untilMs = performance.now() + forMs
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isConnectionLoss(error)) throw error
      const code = databaseErrorCode(error)
      if (performance.now() >= untilMs)
        throw new Error(`the database is not answering (${code}); check --database-url`, { cause: error })
      if (attempt === 1) say(`Waiting for the database, which is not answering (${code}) …`)
      await sleep(againMs)
    }
  }
}

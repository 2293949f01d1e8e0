import { dismissedSince, type NewerSession } from '../agents/presence.ts'
import type { Database } from '../database/client.ts'

export interface DismissalsOptions {
  readonly db: Database
  readonly replica: string
  readonly wallMs: () => number
  readonly found: (sessions: readonly NewerSession[]) => void
}

/** Looked for this far back: longer than a look can fail without the sessions being lost by other means. */
const BACK_MS = 120_000

/**
 * Finds the sessions of this replica that somebody ended, by whichever replica the order came, and says so. To be called
 * about once a second; a look that is under way is not joined by another. What cannot be read now is read by the next.
 */
export function createDismissals({ db, replica, wallMs, found }: DismissalsOptions): () => void {
  let looking = false
  const look = async () => {
    const sessions = await dismissedSince(db, replica, wallMs() - BACK_MS)
    if (sessions.length > 0) found(sessions)
  }
  return () => {
    if (looking) return
    looking = true
    look()
      // The database is away: who writes to it says so.
      .catch(() => {})
      .finally(() => {
        looking = false
      })
  }
}

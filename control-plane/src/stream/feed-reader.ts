import type { OpenDatabase } from '../database/client.ts'
import { FEED_CHANNEL } from '../feed/append.ts'
import { type Message, messagesOf } from './messages.ts'
import { feedBounds, selectFeed } from './store.ts'

export type Subscriber = (messages: readonly Message[]) => void

/** Reads the feed once for all who follow the stream in this replica. */
export interface FeedReader {
  /** The last feed row that was handed on. */
  position(): number
  /** From now on `subscriber` gets every message after `position()`. Returns how to end that. */
  subscribe(subscriber: Subscriber): () => void
  followers(): number
  stop(): Promise<void>
}

const ROWS_PER_READ = 200
/** How often to look without having been rung, should a notification get lost with its connection. */
const POLL_MS = 1_000

export async function startFeedReader(
  database: OpenDatabase,
  warn: (message: string) => void,
): Promise<FeedReader> {
  const { db, sql } = database
  const subscribers = new Set<Subscriber>()
  let position = (await feedBounds(db)).newest
  let running: Promise<void> | null = null
  let rungAgain = false
  let stopped = false

  const drain = async (): Promise<void> => {
    for (;;) {
      rungAgain = false
      const rows = await selectFeed(db, { fromId: position + 1, limit: ROWS_PER_READ })
      const messages = subscribers.size > 0 ? await messagesOf(db, rows) : []
      // From here to the end nothing awaits: position and hand-over are one step for whoever subscribes.
      position = rows.at(-1)?.id ?? position
      if (messages.length > 0) for (const subscriber of [...subscribers]) subscriber(messages)
      if (stopped || (rows.length < ROWS_PER_READ && !rungAgain)) return
    }
  }
  const ring = (): void => {
    rungAgain = true
    if (stopped || running !== null) return
    running = drain()
      .catch((error: unknown) => warn(`cannot read the feed: ${String(error)}`))
      .finally(() => {
        running = null
      })
  }
  const poll = setInterval(ring, POLL_MS)
  const listening = await sql.listen(FEED_CHANNEL, ring, ring)
  return {
    position: () => position,
    subscribe: (subscriber) => {
      subscribers.add(subscriber)
      return () => subscribers.delete(subscriber)
    },
    followers: () => subscribers.size,
    stop: async () => {
      stopped = true
      clearInterval(poll)
      await running
      await listening.unlisten().catch(() => {})
    },
  }
}

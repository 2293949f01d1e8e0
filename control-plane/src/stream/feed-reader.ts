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
  const read = (): void => {
    rungAgain = true
    if (stopped || running !== null) return
    running = drain()
      .catch((error: unknown) => warn(`cannot read the feed: ${String(error)}`))
      .finally(() => {
        running = null
      })
  }
  const bell = await listenFor(sql, read)
  const poll = setInterval(() => {
    const before = position
    bell.forget()
    read()
    // The driver listens again after a lost connection, but not if that fails too (PostgreSQL still starting).
    void running?.then(() => (position > before && !stopped ? bell.listenAgainIfSilent() : undefined))
  }, POLL_MS)
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
      await bell.stop()
    },
  }
}

/** The notifications of the feed, and whether any came since `forget`. */
interface Bell {
  forget(): void
  listenAgainIfSilent(): Promise<void>
  stop(): Promise<void>
}

async function listenFor(sql: OpenDatabase['sql'], onRing: () => void): Promise<Bell> {
  let rung = false
  const ring = (): void => {
    rung = true
    onRing()
  }
  let listening = await sql.listen(FEED_CHANNEL, ring, ring)
  const unlisten = () => listening.unlisten().catch(() => {})
  return {
    forget: () => {
      rung = false
    },
    listenAgainIfSilent: async () => {
      if (rung) return
      await unlisten()
      // A failure here is met again by the next poll that finds something.
      const again = await sql.listen(FEED_CHANNEL, ring, ring).catch(() => null)
      if (again !== null) listening = again
    },
    stop: unlisten,
  }
}

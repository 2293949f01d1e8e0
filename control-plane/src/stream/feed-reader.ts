import type { Bus } from '../bus/bus.ts'
import type { Database } from '../database/client.ts'
import { type Message, messagesOf } from './messages.ts'
import { feedBounds, selectFeed } from './store.ts'

export type Subscriber = (messages: readonly Message[]) => void

/** Reads the feed once for all who follow the stream in this replica. */
export interface FeedReader {
  /** Resolves once it reads: at once, or when it was first asked to and the feed's end is known. */
  ready(): Promise<void>
  /** The last feed row that was handed on. */
  position(): number
  /** From now on `subscriber` gets every message after `position()`. Returns how to end that. */
  subscribe(subscriber: Subscriber): () => void
  followers(): number
  stop(): Promise<void>
}

export interface FeedReaderOptions {
  readonly db: Database
  readonly bus: Bus
  readonly warn: (message: string) => void
}

/** One look costs some ten queries however much it finds: who is behind must find much. */
const ROWS_PER_READ = 500

export async function startFeedReader(options: FeedReaderOptions): Promise<FeedReader> {
  const reader = createFeedReader(options)
  await reader.ready()
  return reader
}

/** One that reads nothing and listens to nobody before somebody asks for it. */
export function createFeedReader({ db, bus, warn }: FeedReaderOptions): FeedReader {
  const subscribers = new Set<Subscriber>()
  let position = 0
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
  let unsubscribe = () => {}
  let beginning: Promise<void> | null = null
  const begin = async (): Promise<void> => {
    position = (await feedBounds(db)).newest
    if (stopped) return
    unsubscribe = bus.subscribe('feed', (cursor) => {
      // What is rung for may have been read already: by a look for another ring.
      if (cursor === null || !(Number(cursor) <= position)) read()
    })
  }
  return {
    ready: () => {
      // A failure is the asker's; the next one tries again.
      beginning ??= begin().catch((error: unknown) => {
        beginning = null
        throw error
      })
      return beginning
    },
    position: () => position,
    subscribe: (subscriber) => {
      subscribers.add(subscriber)
      return () => subscribers.delete(subscriber)
    },
    followers: () => subscribers.size,
    stop: async () => {
      stopped = true
      unsubscribe()
      await running
    },
  }
}

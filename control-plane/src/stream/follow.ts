import type { Database } from '../database/client.ts'
import { type Reach, reaches } from '../database/reach.ts'
import type { FeedReader } from './feed-reader.ts'
import { type Message, messagesOf, toMessage } from './messages.ts'
import { isAfter, type Position } from './position.ts'
import { feedBounds, selectFeed } from './store.ts'

export interface FollowOptions {
  readonly db: Database
  readonly reader: FeedReader
  /** Where the client stood; null begins now. */
  readonly after: Position | null
  /** The sites whose messages the client is shown at first. */
  readonly reach: Reach
  /** Asked at every keep-alive: what the client reaches now; null when it may not read any more. */
  readonly reachNow: () => Promise<Reach | null>
  readonly keepAliveMs: number
}

/** What one client may leave unread before it is cut off; it comes back with `Last-Event-ID`. */
const UNREAD_BYTES_MAX = 1024 * 1024
const ROWS_PER_READ = 200

const encoder = new TextEncoder()

interface Following {
  readonly options: FollowOptions
  reach: Reach
  controller: ReadableStreamDefaultController<Uint8Array>
  ended: boolean
  unsubscribe: () => void
  /** Wakes `roomFor` when the client has read something. */
  wake: () => void
}

/** The body of an SSE answer: `hello`, what was missed since `after`, then everything as it is committed. */
export function follow(options: FollowOptions): ReadableStream<Uint8Array> {
  let following: Following
  let timer: NodeJS.Timeout
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        following = {
          options,
          reach: options.reach,
          controller,
          ended: false,
          unsubscribe: () => {},
          wake: () => {},
        }
        timer = setInterval(() => void keepAlive(following, timer), options.keepAliveMs)
        void catchUp(following).catch((error: unknown) => end(following, error))
      },
      pull: () => following.wake(),
      cancel: () => {
        clearInterval(timer)
        end(following)
      },
    },
    { highWaterMark: UNREAD_BYTES_MAX, size: (chunk) => chunk?.byteLength ?? 0 },
  )
}

async function catchUp(following: Following): Promise<void> {
  const { db, reader, after } = following.options
  await reader.ready()
  const { oldest, newest } = await feedBounds(db)
  // A position before the oldest row was pruned away; one after the newest is of another life of this database.
  const resumed = after !== null && after.id <= Math.max(newest, reader.position()) && after.id >= oldest - 1
  let at: Position = resumed ? after : { id: reader.position(), seq: null }
  send(following, [
    toMessage('hello', { position: at, siteId: null }, { resumed, requested: after !== null }),
  ])
  while (!following.ended) {
    const toId = reader.position()
    const fromId = at.seq === null ? at.id + 1 : at.id
    const rows = await selectFeed(db, { fromId, toId, limit: ROWS_PER_READ })
    const messages = await messagesOf(db, rows)
    await roomFor(following)
    sendAfter(following, at, messages)
    const last = rows.at(-1)
    if (last !== undefined) at = { id: last.id, seq: null }
    // No await between this look and the subscription: nothing can come in between. A client may be ahead of this
    // replica's reader; what it has is then dropped from what the reader hands on.
    if (rows.length < ROWS_PER_READ && toId === reader.position()) {
      const seen = at
      following.unsubscribe = reader.subscribe((live) => sendAfter(following, seen, live))
      return
    }
  }
}

function sendAfter(following: Following, seen: Position, messages: readonly Message[]): void {
  send(
    following,
    messages.filter(({ position, siteId }) => isAfter(position, seen) && reaches(following.reach, siteId)),
  )
}

/** Waits until the client has read enough of what it was sent: who catches up is slow by nature, and is not cut off. */
async function roomFor(following: Following): Promise<void> {
  while (!following.ended && (following.controller.desiredSize ?? 0) <= 0) {
    await new Promise<void>((resolve) => {
      following.wake = resolve
    })
  }
}

function send(following: Following, messages: readonly Message[]): void {
  if (following.ended || messages.length === 0) return
  if ((following.controller.desiredSize ?? 0) <= 0) {
    end(following, new Error('the client reads too slowly'))
    return
  }
  const text = messages.map((message) => message.text).join('')
  following.controller.enqueue(encoder.encode(text))
}

async function keepAlive(following: Following, timer: NodeJS.Timeout): Promise<void> {
  if (following.ended) return clearInterval(timer)
  // A database that is away says nothing about the client's rights.
  const reach = await following.options.reachNow().catch(() => following.reach)
  if (following.ended) return
  if (reach === null) return end(following)
  following.reach = reach
  if ((following.controller.desiredSize ?? 0) > 0) {
    following.controller.enqueue(encoder.encode(': still here\n\n'))
  }
}

function end(following: Following, error?: unknown): void {
  if (following.ended) return
  following.ended = true
  following.unsubscribe()
  following.wake()
  try {
    if (error === undefined) following.controller.close()
    else following.controller.error(error)
  } catch {
    // The client closed it first.
  }
}

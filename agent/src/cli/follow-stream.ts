import { setTimeout as sleep } from 'node:timers/promises'
import { Event } from '@aloft/shared/api/schemas'
import type { ApiClient } from './api-client.ts'
import { Refused } from './outcome.ts'
import { readMessages, type StreamMessage } from './server-sent-events.ts'

export interface Following {
  readonly client: ApiClient
  readonly signal: AbortSignal
  /** Told of every loss: of the stream, which is then opened again, or of what came while it was away. */
  readonly onLost: (why: string, isTryingAgain: boolean) => void
  /** Told when the stream stands, with what it begins with; awaited before any event is handed on. */
  readonly onOpen: () => Promise<void>
}

const RETRY_MS = { first: 500, max: 10_000 } as const

/**
 * Every event the centre commits from now on, once and in order. A lost stream is resumed after the last message that
 * was read (`Last-Event-ID`). Throws `Refused` when the first attempt fails: then there is nothing to resume.
 */
export async function* followEvents({ client, signal, onLost, onOpen }: Following): AsyncGenerator<Event> {
  let lastEventId: string | null = null
  let isFirst = true
  let retryMs: number = RETRY_MS.first
  while (!signal.aborted) {
    try {
      const answer = await client.openStream('stream', { lastEventId, signal })
      if (isFirst) await onOpen()
      isFirst = false
      retryMs = RETRY_MS.first
      for await (const message of readMessages(answer.body ?? emptyBody())) {
        lastEventId = message.id ?? lastEventId
        if (isHole(message))
          onLost('the centre no longer holds what came meanwhile; `aloft events` lists what it has', false)
        const event = eventOf(message)
        if (event !== null) yield event
      }
      if (!signal.aborted) onLost('the control plane ended the stream', true)
    } catch (error) {
      if (signal.aborted) return
      if (isFirst && error instanceof Refused) throw error
      onLost(error instanceof Error ? error.message : String(error), true)
    }
    await sleep(retryMs, undefined, { signal }).catch(() => {})
    retryMs = Math.min(RETRY_MS.max, 2 * retryMs)
  }
}

/** The `hello` of a stream that could not go on where we stood. */
function isHole({ event, data }: StreamMessage): boolean {
  return event === 'hello' && /"resumed":false/.test(data) && /"requested":true/.test(data)
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

/** Kinds this version does not know are passed over; a newer centre may send them. */
function eventOf({ event, data }: StreamMessage): Event | null {
  if (event !== 'event') return null
  try {
    return Event.safeParse(JSON.parse(data)).data ?? null
  } catch {
    return null
  }
}

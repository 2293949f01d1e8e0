import type { Agent, Event, Failover, VirtualRouter } from './api.generated.ts'
import { ApiProblem, UnexpectedAnswer, Unreachable } from './problem.ts'
import { readMessages } from './server-sent-events.ts'
import { sleep } from './transport.ts'

interface Values {
  readonly hello: { readonly resumed: boolean; readonly requested: boolean }
  readonly event: Event
  readonly failover: Failover
  readonly 'virtual-router': VirtualRouter
  readonly agent: Agent
}

/** One message of the stream; `id` is what to resume after. */
export type StreamMessageOf = {
  [K in keyof Values]: { readonly id: string; readonly kind: K; readonly value: Values[K] }
}[keyof Values]

export interface Follow {
  readonly signal: AbortSignal
  /** Where one stood before; null begins now. */
  readonly after?: string | null
  /** Told of every loss before the stream is opened again, from where it was lost. */
  readonly onLost?: (error: Error) => void
  /** Told each time the stream stands, before its first message. */
  readonly onOpen?: () => void | Promise<void>
}

type Open = (headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Response>

const RETRY_MS = { first: 500, max: 10_000 } as const
/** The control plane speaks every 15 s at least; a connection that says nothing for longer is dead. */
const SILENCE_MAX_MS = 60_000
const KINDS: readonly string[] = [
  'hello',
  'event',
  'failover',
  'virtual-router',
  'agent',
] satisfies (keyof Values)[]

/**
 * Every message once and in order until the signal ends it. A stream that is lost is opened again after the last message
 * (`Last-Event-ID`); a `hello` whose `resumed` is false and `requested` true says that there is a hole. What is refused
 * at first, and what is refused for good later (401, 403), is thrown.
 */
export async function* follow(open: Open, options: Follow): AsyncGenerator<StreamMessageOf> {
  const { signal, onLost = () => {}, onOpen = () => {} } = options
  let after = options.after ?? null
  let hasStood = false
  let retryMs: number = RETRY_MS.first
  while (!signal.aborted) {
    try {
      const headers = { accept: 'text/event-stream', ...(after === null ? {} : { 'last-event-id': after }) }
      const answer = await open(headers, signal)
      requireStream(answer)
      await onOpen()
      hasStood = true
      for await (const message of messagesOf(answer)) {
        retryMs = RETRY_MS.first
        after = message.id
        yield message
      }
      if (!signal.aborted) onLost(new Unreachable('the control plane ended the stream', 'ended'))
    } catch (error) {
      if (signal.aborted) return
      if (!hasStood || isForGood(error)) throw error
      onLost(error instanceof Error ? error : new Error(String(error)))
    }
    await sleep(retryMs, signal).catch(() => {})
    retryMs = Math.min(RETRY_MS.max, 2 * retryMs)
  }
}

function isForGood(error: unknown): boolean {
  return error instanceof ApiProblem && (error.status === 401 || error.status === 403)
}

/** At first somebody else answers there; later it may be a proxy's page while the control plane is away. */
function requireStream(answer: Response): void {
  const type = answer.headers.get('content-type') ?? ''
  if (!type.startsWith('text/event-stream')) {
    throw new UnexpectedAnswer(
      `${answer.url} answered ${type || 'no content type'} instead of a stream`,
      answer.status,
    )
  }
}

/** Kinds this version does not know are passed over: a newer control plane may send them. */
async function* messagesOf(answer: Response): AsyncGenerator<StreamMessageOf> {
  for await (const { id, event, data } of readMessages(chunksOf(answer))) {
    if (id === null || !KINDS.includes(event)) continue
    // The kind was looked at, and the value is as its endpoint answers it.
    yield { id, kind: event, value: JSON.parse(data) } as StreamMessageOf
  }
}

async function* chunksOf(answer: Response): AsyncGenerator<Uint8Array> {
  const reader = answer.body?.getReader()
  if (reader === undefined) return
  let isSilent = false
  const giveUp = () => {
    isSilent = true
    void reader.cancel().catch(() => {})
  }
  let timer = setTimeout(giveUp, SILENCE_MAX_MS)
  try {
    while (true) {
      const { done, value } = await reader.read()
      if (isSilent) throw new Unreachable(`nothing came for ${SILENCE_MAX_MS / 1_000}s`, 'silence')
      if (done) return
      clearTimeout(timer)
      timer = setTimeout(giveUp, SILENCE_MAX_MS)
      yield value
    }
  } finally {
    clearTimeout(timer)
    await reader.cancel().catch(() => {})
  }
}

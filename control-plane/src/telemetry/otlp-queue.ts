import { setTimeout as sleep } from 'node:timers/promises'

/** Items on their way to a collector: as many as memory should hold, in batches, at the collector's pace. */
export interface OtlpQueue<T> {
  /** Never waits. What does not fit is dropped and counted: the newest, for what waits longest has been paid for. */
  push(items: readonly T[]): void
  figures(): { readonly exported: number; readonly dropped: number; readonly waiting: number }
  stop(): Promise<void>
}

export interface OtlpQueueOptions<T> {
  /** What it carries, for the log. */
  readonly what: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly encode: (items: readonly T[]) => object
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void }
  readonly waitingMax?: number
  readonly lingerMs?: number
  readonly retryMs?: number
}

const WAITING_MAX = 20_000
const BATCH_MAX = 1_000
/** So that a quiet minute is a few requests, and a busy one is full batches. */
const LINGER_MS = 1_000
const RETRY_MS = 1_000
const RETRY_MS_MAX = 30_000
const ANSWER_MS = 10_000

interface State<T> extends OtlpQueueOptions<T> {
  waiting: T[]
  running: Promise<void> | null
  readonly stopping: AbortController
  exported: number
  dropped: number
  /** Dropped since the log was last told. */
  unsaid: number
  failures: number
}

export function startOtlpQueue<T>(options: OtlpQueueOptions<T>): OtlpQueue<T> {
  const state: State<T> = {
    ...options,
    waiting: [],
    running: null,
    stopping: new AbortController(),
    exported: 0,
    dropped: 0,
    unsaid: 0,
    failures: 0,
  }
  return {
    push: (items) => {
      if (state.stopping.signal.aborted) return
      const room = Math.max(0, (state.waitingMax ?? WAITING_MAX) - state.waiting.length)
      for (const item of items.slice(0, room)) state.waiting.push(item)
      drop(state, Math.max(0, items.length - room))
      state.running ??= run(state).finally(() => {
        state.running = null
      })
    },
    figures: () => ({ exported: state.exported, dropped: state.dropped, waiting: state.waiting.length }),
    stop: async () => {
      state.stopping.abort()
      await state.running
      // One try for what is left: a collector that is away must not hold up a stop.
      while (state.waiting.length > 0 && (await sendBatch(state)) === 'taken');
      drop(state, state.waiting.splice(0).length)
    },
  }
}

function drop<T>(state: State<T>, count: number): void {
  if (count === 0) return
  state.dropped += count
  if (state.unsaid === 0)
    state.log.warn({ url: state.url }, `the collector does not keep up: ${state.what} are dropped`)
  state.unsaid += count
}

async function run<T>(state: State<T>): Promise<void> {
  const { signal } = state.stopping
  while (state.waiting.length > 0 && !signal.aborted) {
    if (state.waiting.length < BATCH_MAX) await pause(state.lingerMs ?? LINGER_MS, signal)
    if (signal.aborted) return
    const outcome = await sendBatch(state)
    if (outcome === 'again') {
      const waitMs = Math.min(
        RETRY_MS_MAX,
        (state.retryMs ?? RETRY_MS) * 2 ** Math.min(state.failures - 1, 10),
      )
      await pause(waitMs, signal)
    }
  }
}

/** Takes the batch off the queue once its fate is known. */
async function sendBatch<T>(state: State<T>): Promise<'taken' | 'again'> {
  const batch = state.waiting.slice(0, BATCH_MAX)
  const answer = await post(state, batch)
  if (answer === 'again') {
    state.failures += 1
    if (state.failures === 1) state.log.warn({ url: state.url }, `the collector takes no ${state.what} now`)
    return 'again'
  }
  if (state.failures > 0) state.log.info({ url: state.url }, `the collector takes ${state.what} again`)
  state.failures = 0
  state.waiting = state.waiting.slice(batch.length)
  drop(state, answer.rejected)
  state.exported += batch.length - answer.rejected
  if (answer.rejected === 0 && state.unsaid > 0) {
    state.log.info({ url: state.url, dropped: state.unsaid }, `${state.what} are exported again`)
    state.unsaid = 0
  }
  return 'taken'
}

/** Answers that OTLP/HTTP says to try again on; every other refusal would be one for ever. */
const TRY_AGAIN = new Set([429, 502, 503, 504])

async function post<T>(
  state: State<T>,
  batch: readonly T[],
): Promise<'again' | { readonly rejected: number }> {
  const { url, headers, encode } = state
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(encode(batch)),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    const text = await answer.text()
    if (TRY_AGAIN.has(answer.status)) return 'again'
    if (!answer.ok) {
      state.log.warn(
        { url, status: answer.status, answer: text.slice(0, 200) },
        'the collector refuses what it is sent',
      )
      return { rejected: batch.length }
    }
    return { rejected: Math.min(batch.length, rejectedIn(text)) }
  } catch {
    return 'again'
  }
}

/** `partialSuccess` of an answer: how many of a batch it did not take. */
function rejectedIn(text: string): number {
  const match = /"rejected(?:LogRecords|Spans)"\s*:\s*"?(\d+)/.exec(text)
  return Number(match?.[1] ?? 0)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal, ref: false }).catch(() => {})
}

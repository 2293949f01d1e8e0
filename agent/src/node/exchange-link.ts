/**
 * A session over HTTP requests (`shared/protocol/exchange`), where no WebSocket passes. What is to be said goes out in
 * turns, one request after the other; beside them one request may wait at the centre for what it has to say.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { EXCHANGE_FRAMES_BYTES_MAX, EXCHANGE_PATH, ExchangeAnswer } from '@aloft/shared/protocol/exchange'
import type { Link, LinkListener } from '../session/link.ts'
import type { Evidence } from '../session/ways.ts'
import type { CentreAddress } from './centre-address.ts'
import { type CentreAnswer, keptConnections, postToCentre, StaleConnection } from './centre-request.ts'
import { ABNORMAL, describe, retryAfterMs } from './web-socket-link.ts'

const TURN_MS = 20_000
/** What a farewell may still take. */
const FAREWELL_MS = 2_000
const ANSWER_BYTES_MAX = 1024 * 1024
/** A request that waited in vain because the way broke waits anew after a random part of this, or with the next turn. */
const HOLD_RETRY_MS = 30_000
/** Whatever a centre answers, requests that wait do not follow each other faster. */
const HOLD_SPACING_MS = 1_000
/** What a centre without time is given when it does not say. */
const BUSY_MS = 2_000

export interface ExchangeLinkOptions {
  /** Hears what the end says of the way to the centre, just before the listener hears of the end. */
  readonly note?: (evidence: Evidence) => void
  /** The longest a turn may take to be answered. */
  readonly turnMs?: number
}

export function dialExchange(
  address: CentreAddress,
  listener: LinkListener,
  options: ExchangeLinkOptions = {},
): Link {
  const link = new ExchangeLink(address, listener, options)
  void link.open()
  return link
}

interface Circumstances {
  /** When the centre said to come back. */
  readonly retryAfter?: number | null
  /** Unless it says nothing about who is there. */
  readonly evidence?: Evidence
}

interface Farewell {
  readonly code: number
  readonly reason: string
}

class ExchangeLink implements Link {
  readonly #address: CentreAddress
  readonly #listener: LinkListener
  readonly #options: ExchangeLinkOptions
  readonly #connections: ReturnType<typeof keptConnections>
  /** Ends what waits when the link is over; a turn under way may still be answered. */
  readonly #over = new AbortController()
  #session: string | null = null
  #queue: string[] = []
  #turn: Promise<void> | null = null
  #isWelcomed = false
  #holdMs = 0
  #isHolding = false
  /** What passes in one request here, as far as is known. */
  #framesBytesMax = EXCHANGE_FRAMES_BYTES_MAX

  constructor(address: CentreAddress, listener: LinkListener, options: ExchangeLinkOptions) {
    this.#address = address
    this.#listener = listener
    this.#options = options
    this.#connections = keptConnections(address)
  }

  async open(): Promise<void> {
    const answer = await this.#ask('{"session":null,"frames":[]}', false)
    if (answer === null || answer === 'too much' || this.#isOver) return
    this.#listener.opened()
    this.#take(answer)
  }

  send(text: string): void {
    this.#queue.push(text)
    // What is said in one breath goes in one request.
    queueMicrotask(() => this.#speak())
  }

  welcomed(): void {
    this.#isWelcomed = true
  }

  close(code: number, reason: string): void {
    if (this.#isOver) return
    this.#over.abort()
    void this.#bidFarewell({ code, reason: reason.slice(0, 123) })
  }

  get #turnMs(): number {
    return this.#options.turnMs ?? TURN_MS
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted
  }

  #end(
    code: number,
    reason: string,
    { retryAfter = null, evidence = 'unreachable' }: Circumstances = {},
  ): void {
    if (this.#isOver) return
    this.#over.abort()
    this.#options.note?.(evidence)
    this.#connections.destroy()
    this.#listener.closed(code, reason, retryAfter)
  }

  /** The next turn, if none is under way and there is something to say. */
  #speak(): void {
    if (this.#isOver || this.#turn !== null || this.#session === null || this.#queue.length === 0) return
    this.#turn = this.#takeTurn().finally(() => {
      this.#turn = null
      this.#speak()
    })
  }

  async #takeTurn(): Promise<void> {
    const frames = this.#nextFrames()
    const answer = await this.#ask(this.#bodyOf(frames, null), frames.length > 1)
    if (answer === null) return
    if (answer === 'too much') return this.#sayLess(frames)
    this.#take(answer)
    void this.#hold()
  }

  /** Nobody has taken them: they are said again, in more than one request. */
  #sayLess(frames: readonly string[]): void {
    this.#framesBytesMax = Math.floor(frames.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 2)
    this.#queue.unshift(...frames)
  }

  /** At least one, whatever its size. */
  #nextFrames(): readonly string[] {
    let count = 0
    let bytes = 0
    for (const text of this.#queue) {
      bytes += Buffer.byteLength(text) + 1
      if (count > 0 && bytes > this.#framesBytesMax) break
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  #bodyOf(frames: readonly string[], close: Farewell | null): string {
    const rest = { session: this.#session, ...(close && { close }) }
    return `{"frames":[${frames.join(',')}],${JSON.stringify(rest).slice(1)}`
  }

  /** What the centre answered to a turn. */
  #take(answer: ExchangeAnswer): void {
    this.#session = answer.session ?? this.#session
    this.#holdMs = answer.holdMs
    this.#pass(answer)
  }

  #pass({ frames, close }: ExchangeAnswer): void {
    if (this.#isOver) return
    this.#listener.alive()
    for (const frame of frames) {
      if (!this.#isOver) this.#listener.message(JSON.stringify(frame))
    }
    if (close !== null)
      this.#end(close.code, close.reason || `closed with code ${close.code}`, { evidence: 'told' })
  }

  /**
   * Asks until there is an answer, as often as the centre says to; null when the link is over. A turn may be asked
   * again as it is: the centre takes it once. `too much`: it was refused for its size, and `mayBeLess`.
   */
  async #ask(body: string, mayBeLess: boolean): Promise<ExchangeAnswer | 'too much' | null> {
    for (let stale = 0; ; ) {
      try {
        const answer = await this.#post(body, AbortSignal.timeout(this.#turnMs))
        const busyMs = this.#isWelcomed ? busyFor(answer) : null
        if (busyMs === null) return mayBeLess && answer.status === 413 ? 'too much' : this.#read(answer)
        await sleep(busyMs * (1 + Math.random() / 10), undefined, { signal: this.#over.signal })
      } catch (error) {
        if (this.#isOver) return null
        if (error instanceof StaleConnection && stale++ === 0) continue
        this.#end(ABNORMAL, error instanceof Error ? describe(error) : String(error))
        return null
      }
    }
  }

  #read(answer: CentreAnswer): ExchangeAnswer | null {
    const read = answer.status === 200 ? ExchangeAnswer.safeParse(parse(answer.text)) : null
    if (read?.success) return read.data
    const { status } = answer
    const isRefusal = status === 401 || status === 403
    const code = isRefusal ? CloseCode.unauthorised : status === 413 ? CloseCode.tooBig : ABNORMAL
    const said = read === null ? `answered ${status} to an exchange` : 'does not answer like an Aloft centre'
    const retryAfter = retryAfterMs(answer.retryAfter)
    // Whoever answers like that is not the centre, or is no way to it: another URL may be.
    this.#end(code, `the centre ${said}`, {
      retryAfter,
      evidence: retryAfter === null ? 'unreachable' : 'busy',
    })
    return null
  }

  #post(body: string, signal: AbortSignal): Promise<CentreAnswer> {
    return postToCentre(this.#address, {
      path: EXCHANGE_PATH,
      body,
      answerBytesMax: ANSWER_BYTES_MAX,
      signal,
      agent: this.#connections,
    })
  }

  /** One request after the other that waits at the centre, as long as it lets us and the link lives. */
  async #hold(): Promise<void> {
    if (this.#isHolding) return
    this.#isHolding = true
    try {
      while (this.#isWelcomed && this.#holdMs > 0 && !this.#isOver) {
        const held = await this.#holdOnce()
        const waitMs = held ? HOLD_SPACING_MS : HOLD_RETRY_MS * Math.random()
        await sleep(waitMs, undefined, { signal: this.#over.signal })
      }
    } catch {
      // The link is over.
    } finally {
      this.#isHolding = false
    }
  }

  /** Whether the centre answered: what breaks a request that only waits says nothing of the session. */
  async #holdOnce(): Promise<boolean> {
    const body = JSON.stringify({ session: this.#session, frames: [], waitMs: this.#holdMs })
    const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(this.#holdMs + this.#turnMs)])
    const answer = await this.#post(body, signal).catch(() => null)
    const read = answer?.status === 200 ? ExchangeAnswer.safeParse(parse(answer.text)) : null
    if (!read?.success || this.#isOver) return false
    this.#holdMs = read.data.close === null ? read.data.holdMs : 0
    this.#pass(read.data)
    return true
  }

  /** The turn under way comes first; then what still waits, and that this was all. Nobody waits for an answer. */
  async #bidFarewell(close: Farewell): Promise<void> {
    await this.#turn
    if (this.#session !== null && this.#isWelcomed) {
      const body = this.#bodyOf(this.#nextFrames(), close)
      await this.#post(body, AbortSignal.timeout(FAREWELL_MS)).catch(() => null)
    }
    this.#connections.destroy()
  }
}

/** How long a centre without time wants to be left alone; null when it answered otherwise. */
function busyFor({ status, retryAfter }: CentreAnswer): number | null {
  return status === 503 || status === 429 ? (retryAfterMs(retryAfter) ?? BUSY_MS) : null
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

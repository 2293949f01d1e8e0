/**
 * What befell holdings, and what of it is worth telling: the first of its kind at once, then at most one event a minute
 * with the count, so that a fight over an address cannot become a flood of events.
 */
import type { EventBody } from '@aloft/shared/protocol/events'
import { earliest, type Timed } from './timed.ts'

export type HoldingEvent = Extract<EventBody, { kind: 'holding-lost' | 'holding-refused' }>

interface Kind {
  /** The latest of it. */
  event: HoldingEvent
  untold: number
  toldAt: number
}

const WINDOW_MS = 60_000
/** Kinds that have been quiet for a while are forgotten. */
const KINDS_MAX = 1_000

export class HoldingLedger implements Timed {
  readonly #tell: (body: EventBody, at: number) => void
  readonly #kinds = new Map<string, Kind>()

  constructor(tell: (body: EventBody, at: number) => void) {
    this.#tell = tell
  }

  /** `key` is what makes it one kind with earlier ones; the event's own count is how many it stands for. */
  add(key: string, event: HoldingEvent, now: number): void {
    const known = this.#kinds.get(key)
    if (known !== undefined) {
      known.event = event
      known.untold += event.count
      return
    }
    this.#forget(now)
    this.#kinds.set(key, { event, untold: 0, toldAt: now })
    this.#tell(event, now)
  }

  dueAt(): number | null {
    let dueAt: number | null = null
    for (const { untold, toldAt } of this.#kinds.values()) {
      if (untold > 0) dueAt = earliest(dueAt, toldAt + WINDOW_MS)
    }
    return dueAt
  }

  ring(now: number): void {
    for (const kind of this.#kinds.values()) if (now >= kind.toldAt + WINDOW_MS) this.#settle(kind, now)
  }

  /** What is left, however short it has waited. */
  flush(now: number): void {
    for (const kind of this.#kinds.values()) this.#settle(kind, now)
  }

  #settle(kind: Kind, now: number): void {
    if (kind.untold === 0) return
    this.#tell({ ...kind.event, count: kind.untold, windowMs: now - kind.toldAt }, now)
    kind.untold = 0
    kind.toldAt = now
  }

  #forget(now: number): void {
    if (this.#kinds.size < KINDS_MAX) return
    for (const [key, { untold, toldAt }] of this.#kinds) {
      if (untold === 0 && now >= toldAt + WINDOW_MS) this.#kinds.delete(key)
    }
  }
}

/**
 * In combined mode the two processes keep each other alive: the steward restarts the router, and here the router
 * restarts a steward that was killed. A steward that said goodbye, or was replaced by another, is left in peace.
 */
import { afterDeath, FRESH_THROTTLE, type RespawnThrottle } from './respawn-throttle.ts'

export interface StewardGuardOptions {
  /** Starts a new steward process. Called only while none is connected. */
  readonly start: () => void
  readonly now: () => number
  readonly lost: (steward: StewardIdentity) => void
}

export interface StewardIdentity {
  readonly runId: string
  readonly pid: number
}

/** A steward that was started and does not say hello in this time is taken for dead. */
const HELLO_WITHIN_MS = 10_000

export class StewardGuard {
  readonly #options: StewardGuardOptions
  #throttle: RespawnThrottle = FRESH_THROTTLE
  #connected: {
    readonly client: object
    readonly steward: StewardIdentity
    readonly sinceMs: number
  } | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(options: StewardGuardOptions) {
    this.#options = options
  }

  get steward(): StewardIdentity | null {
    return this.#connected?.steward ?? null
  }

  /** This router has just started: a steward should connect. */
  expect(): void {
    this.#in(HELLO_WITHIN_MS, () => this.#died(0))
  }

  hello(client: object, steward: StewardIdentity): void {
    this.#connected = { client, steward, sinceMs: this.#options.now() }
    this.#cancel()
  }

  goodbye(client: object): void {
    if (this.#connected?.client === client) this.#connected = null
  }

  /** A client's socket closed. */
  closed(client: object): void {
    if (this.#connected?.client !== client) return
    const { steward, sinceMs } = this.#connected
    this.#connected = null
    this.#options.lost(steward)
    this.#died(this.#options.now() - sinceMs)
  }

  stop(): void {
    this.#connected = null
    this.#cancel()
  }

  #died(livedMs: number): void {
    const [throttle, delayMs] = afterDeath(this.#throttle, livedMs)
    this.#throttle = throttle
    this.#in(delayMs, () => {
      this.#options.start()
      this.expect()
    })
  }

  #in(delayMs: number, then: () => void): void {
    this.#cancel()
    this.#timer = setTimeout(then, delayMs)
  }

  #cancel(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}

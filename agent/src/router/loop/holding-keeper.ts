/**
 * Stands between the loop and the kernel's `Holdings`: knows what is held now, and tries again what was refused.
 * Passed to the loop's actions in place of the world's own.
 */
import type { Prefix } from '@aloft/shared/network/prefix'
import type { Holding, HoldingFailure, Holdings } from '../../world/holdings.ts'
import { earliest, type Timed } from './timed.ts'

/** A refusal of the kernel's, and how often it came. */
export interface HoldingFailureCount extends HoldingFailure {
  readonly count: number
}

interface Held {
  readonly holding: Holding
  /** Something of it was refused: try again then. */
  retryAt: number | null
}

const RETRY_MS = 1000

export class HoldingKeeper implements Holdings, Timed {
  readonly #world: Holdings
  readonly #again: (holder: string, now: number) => void
  readonly #held = new Map<string, Held>()
  readonly #failures = new Map<string, HoldingFailureCount>()

  /** `again` acquires and announces once more what a holder holds. */
  constructor(world: Holdings, again: (holder: string, now: number) => void) {
    this.#world = world
    this.#again = again
  }

  acquire(holding: Holding): void {
    this.#held.set(holding.holder, { holding, retryAt: null })
    this.#world.acquire(holding)
  }

  release(holding: Holding): void {
    this.#held.delete(holding.holder)
    this.#world.release(holding)
  }

  renew(holdings: readonly Holding[]): void {
    this.#world.renew(holdings)
  }

  announce(interfaceName: string, addresses: readonly Prefix[]): void {
    this.#world.announce(interfaceName, addresses)
  }

  /** The kernel refused something; what is still wanted is tried again a second later. */
  failed(failure: HoldingFailure, now: number): void {
    const key = `${failure.kind} ${failure.what}`
    const count = (this.#failures.get(key)?.count ?? 0) + 1
    this.#failures.set(key, { ...failure, count })
    const held = failure.holder === null ? undefined : this.#held.get(failure.holder)
    if (held !== undefined) held.retryAt = now + RETRY_MS
  }

  failures(): HoldingFailureCount[] {
    return [...this.#failures.values()]
  }

  dueAt(): number | null {
    let dueAt: number | null = null
    for (const { retryAt } of this.#held.values()) dueAt = earliest(dueAt, retryAt)
    return dueAt
  }

  ring(now: number): void {
    for (const held of this.#held.values()) {
      if (held.retryAt === null || now < held.retryAt) continue
      held.retryAt = null
      this.#again(held.holding.holder, now)
    }
  }
}

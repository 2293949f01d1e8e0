/**
 * Renews the leases of what is held, all in one write. Whoever ends or freezes the agent takes the renewal with it, and
 * the addresses end by themselves; so a lease that ran out is never renewed: its addresses may be somebody else's now.
 */
import type { Holding } from '../../world/holdings.ts'
import type { Timed } from './timed.ts'

/** A quarter of a lease: three renewals may fail, or be late, before the addresses go. */
const RENEWALS_PER_LEASE = 4
/** The kernel counts in ticks of its own, and may end a lease so much early. */
const KERNEL_EARLY_MS = 100

interface Lease {
  readonly holding: Holding
  readonly leaseMs: number
  renewedAt: number
}

export class LeaseKeeper implements Timed {
  readonly #renew: (holdings: readonly Holding[]) => void
  readonly #leases = new Map<string, Lease>()
  #dueAt: number | null = null

  constructor(renew: (holdings: readonly Holding[]) => void) {
    this.#renew = renew
  }

  /** From now on it is renewed, until it is released. */
  acquired(holding: Holding, now: number): void {
    const { leaseMs, holder } = holding
    if (leaseMs === null) {
      this.#leases.delete(holder)
      return
    }
    this.#leases.set(holder, { holding, leaseMs, renewedAt: now })
    this.#dueAt ??= now + leaseMs / RENEWALS_PER_LEASE
  }

  released(holder: string): void {
    this.#leases.delete(holder)
    if (this.#leases.size === 0) this.#dueAt = null
  }

  /** Those whose lease may have run out unrenewed. They are nobody's from now on. */
  takeExpired(now: number): readonly string[] {
    // While renewals are in time, nothing can have run out.
    if (this.#dueAt === null || now < this.#dueAt) return []
    const expired = [...this.#leases.values()].filter(
      ({ renewedAt, leaseMs }) => now - renewedAt > leaseMs - KERNEL_EARLY_MS,
    )
    for (const { holding } of expired) this.released(holding.holder)
    return expired.map(({ holding }) => holding.holder)
  }

  dueAt(): number | null {
    return this.#dueAt
  }

  /** After `takeExpired`. */
  ring(now: number): void {
    if (this.#dueAt === null || now < this.#dueAt) return
    const leases = [...this.#leases.values()]
    this.#renew(leases.map(({ holding }) => holding))
    for (const lease of leases) lease.renewedAt = now
    this.#dueAt = now + Math.min(...leases.map(({ leaseMs }) => leaseMs)) / RENEWALS_PER_LEASE
  }
}

/**
 * Stands between the loop and the kernel's `Holdings`: knows what is held now, keeps its leases, tries again what was
 * refused, and answers when something was taken away. Passed to the loop's actions in place of the world's own.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { StaticHoldings } from '@aloft/shared/config/holdings-config'
import type { Address } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import type { HeldItem, Holding, HoldingFailure, HoldingLoss, Holdings } from '../../world/holdings.ts'
import type { RouterWorld } from '../../world/router-world.ts'
import { isEqual } from './changes.ts'
import { HoldingLedger } from './holding-ledger.ts'
import { lostEvent, refusedEvent, routersDependingOn, STATIC, staticHolding } from './holding-loss.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import type { RunningRouters } from './running-routers.ts'
import { earliest, type Timed } from './timed.ts'

/** A refusal of the kernel's, and how often it came. */
export interface HoldingFailureCount extends HoldingFailure {
  readonly count: number
}

/** What the keeper needs of the loop. */
export interface HoldingEffects {
  /** The virtual routers by their keys: those are the holders. */
  running(): Pick<RunningRouters, 'byKey' | 'reacquire' | 'deprive'>
  /** When the input came that is being handled. */
  now(): number
}

interface Held {
  readonly holding: Holding
  /** Something of it was refused, or is taken away again and again: try again then. */
  retryAt: number | null
  /** Its lease ran out, and it has not been taken again. */
  isExpired: boolean
  /** When it was mended lately. */
  readonly mendedAt: number[]
}

const RETRY_MS = 1000
/** Somebody who removes it again each time is answered once a second. */
const MENDS_AT_ONCE = 5
const MENDS_WINDOW_MS = 10_000
export class HoldingKeeper implements Holdings, Timed {
  readonly #world: Holdings
  readonly #effects: HoldingEffects
  readonly #held = new Map<string, Held>()
  /** What leases that ran out have taken along. */
  readonly #gone = new Set<Address>()
  readonly #failures = new Map<string, HoldingFailureCount>()
  readonly #leases: LeaseKeeper
  readonly #ledger: HoldingLedger

  constructor({ holdings, journal }: Pick<RouterWorld, 'holdings' | 'journal'>, effects: HoldingEffects) {
    this.#world = holdings
    this.#effects = effects
    this.#leases = new LeaseKeeper((held) => holdings.renew(held))
    this.#ledger = new HoldingLedger((body, at) => journal.append(body, at))
  }

  acquire(holding: Holding): void {
    const mendedAt = this.#held.get(holding.holder)?.mendedAt ?? []
    this.#held.set(holding.holder, { holding, retryAt: null, isExpired: false, mendedAt })
    this.#forgetGone(holding)
    this.#leases.acquired(holding, this.#effects.now())
    this.#world.acquire(holding)
  }

  /** What a successor of the same holder has taken over is not released by its predecessor. */
  release(holding: Holding): void {
    const held = this.#held.get(holding.holder)
    if (held !== undefined && !isEqual(held.holding, holding)) return
    this.#held.delete(holding.holder)
    this.#forgetGone(holding)
    this.#leases.released(holding.holder)
    this.#world.release(holding)
  }

  renew(holdings: readonly Holding[]): void {
    this.#world.renew(holdings)
  }

  /** What is not there would draw hosts to nobody; it is announced when it is taken again. */
  announce(interfaceName: string, addresses: readonly Prefix[]): void {
    const there =
      this.#gone.size === 0 ? addresses : addresses.filter(({ address }) => !this.#gone.has(address))
    if (there.length > 0) this.#world.announce(interfaceName, there)
  }

  /** What the node holds whoever is active. */
  holdStatic(holdings: StaticHoldings): void {
    const holding = staticHolding(holdings)
    const isEmpty = [holding.addresses, holding.routes, holding.rules].every(({ length }) => length === 0)
    const before = this.#held.get(STATIC)?.holding
    if (before === undefined ? isEmpty : isEqual(before, holding)) return
    if (isEmpty && before !== undefined) this.release(before)
    else this.acquire(holding)
  }

  /** The kernel refused something; what is still wanted is tried again a second later. */
  failed(failure: HoldingFailure, now: number): void {
    const key = `${failure.kind} ${failure.what}`
    const count = (this.#failures.get(key)?.count ?? 0) + 1
    this.#failures.set(key, { ...failure, count })
    const { holder } = failure
    const router = holder === null ? null : this.#configOf(holder)
    this.#ledger.add(`refused ${key}`, refusedEvent(router, failure), now)
    const held = holder === null ? undefined : this.#held.get(holder)
    if (held !== undefined) held.retryAt = now + RETRY_MS
  }

  failures(): HoldingFailureCount[] {
    return [...this.#failures.values()]
  }

  /** Somebody else took something away. */
  lost(loss: HoldingLoss, now: number): void {
    this.checkLeases(now)
    const held = this.#held.get(loss.holder)
    // Who no longer is active has no business with what is left of its role.
    if (held === undefined || held.isExpired || !this.#isWanted(loss.holder)) return
    const router = this.#configOf(loss.holder)
    const leaves = router?.whenLost === 'reelect'
    const response = leaves ? 'reelected' : 'mended'
    const event = lostEvent(router, loss, { cause: 'removed', response })
    this.#ledger.add(`lost ${loss.holder}`, event, now)
    if (leaves) this.#effects.running().deprive(loss.holder, now)
    else this.#mend(held, now)
    this.#leaveDependent(loss.lost, now)
  }

  /** Before anything else is done with an input: what may have ended by itself is not ours to act on. */
  checkLeases(now: number): void {
    for (const holder of this.#leases.takeExpired(now)) this.#expired(holder, now)
  }

  dueAt(): number | null {
    let dueAt = earliest(this.#leases.dueAt(), this.#ledger.dueAt())
    for (const { retryAt } of this.#held.values()) dueAt = earliest(dueAt, retryAt)
    return dueAt
  }

  ring(now: number): void {
    this.#leases.ring(now)
    this.#ledger.ring(now)
    for (const held of this.#held.values()) {
      if (held.retryAt !== null && now >= held.retryAt) this.#again(held, now)
    }
  }

  flush(now: number): void {
    this.#ledger.flush(now)
  }

  /**
   * We were not running. Whether somebody else is active by now is the stall guard's to find out; only a router that is
   * still active after that takes its addresses again.
   */
  #expired(holder: string, now: number): void {
    const held = this.#held.get(holder)
    const router = this.#configOf(holder)
    if (held === undefined || router === null) return
    held.isExpired = true
    held.retryAt = now
    for (const { address } of held.holding.addresses) this.#gone.add(address)
    const lost = held.holding.addresses.map((address): HeldItem => ({ kind: 'address', address }))
    const how = { cause: 'lease-expired', response: 'listening' } as const
    this.#ledger.add(`expired ${holder}`, lostEvent(router, { lost, byPort: null }, how), now)
  }

  #forgetGone({ addresses }: Holding): void {
    if (this.#gone.size > 0) for (const { address } of addresses) this.#gone.delete(address)
  }

  #mend(held: Held, now: number): void {
    const recent = held.mendedAt.filter((at) => now - at < MENDS_WINDOW_MS)
    held.mendedAt.splice(0, held.mendedAt.length, ...recent)
    if (recent.length < MENDS_AT_ONCE) this.#again(held, now)
    else held.retryAt ??= now + RETRY_MS
  }

  #again(held: Held, now: number): void {
    held.retryAt = null
    if (!this.#isWanted(held.holding.holder)) return
    held.mendedAt.push(now)
    const { holder } = held.holding
    if (holder === STATIC) this.acquire(held.holding)
    else this.#effects.running().reacquire(holder, now)
  }

  #leaveDependent(lost: readonly HeldItem[], now: number): void {
    const names = routersDependingOn(lost)
    if (names.size === 0) return
    const running = this.#effects.running()
    for (const [holder, { config }] of [...running.byKey]) {
      if (names.has(config.name)) running.deprive(holder, now)
    }
  }

  /** What is held without a role, or by an active one. A router that lingers on takes nothing anew. */
  #isWanted(holder: string): boolean {
    return holder === STATIC || this.#effects.running().byKey.get(holder)?.state.role === 'active'
  }

  #configOf(holder: string): VirtualRouterConfig | null {
    return this.#effects.running().byKey.get(holder)?.config ?? null
  }
}

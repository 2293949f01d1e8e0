/**
 * Was this process not running for longer than its peers wait (a paused VM, SIGSTOP, a host out of memory)? Then somebody
 * else may be active in its place. Its actives listen to what they missed before they say anything: one that is outranked
 * by then yields and lets go at once, one that is not says so again, to the hosts as well.
 */
import { activeDownInterval } from '../../vrrp/intervals.ts'
import { isOutrankedBy } from '../../vrrp/machine.ts'
import { type Event, OWNER, RESIGN } from '../../vrrp/virtual-router.ts'
import type { Journal } from '../../world/router-world.ts'
import type { Instance } from './instance.ts'

export interface StallFigures {
  readonly count: number
  readonly longestMs: number
}

type Advertisement = Extract<Event, { kind: 'advertisement' }>

interface StallEffects {
  readonly journal: Journal
  step(instance: Instance, event: Event, now: number): void
  /** Yields to that advertisement and lets go of everything at once. */
  yieldAtOnce(instance: Instance, event: Advertisement, now: number): void
  /** Takes the addresses again and tells the hosts. */
  reacquire(instance: Instance, now: number): void
}

/** The best priority that is nobody's own addresses: who has it waits the shortest. */
const BEST_PEER = 254
/** Less than the least that any peer waits (10 ms × 2, and the skew): not worth looking at every router. */
export const SHORTEST_STALL_MS = 20

export class StallGuard {
  readonly #effects: StallEffects
  /** Actives that have not heard yet what they missed, and what they heard of it that can wait. */
  readonly #listening = new Map<Instance, Advertisement | null>()
  #figures: StallFigures = { count: 0, longestMs: 0 }
  #isNoticed = false

  constructor(effects: StallEffects) {
    this.#effects = effects
  }

  get figures(): StallFigures {
    return this.#figures
  }

  get isListening(): boolean {
    return this.#listening.size > 0
  }

  /** Before an input is looked at. `dueAt`: the first deadline there is; noticed once until `settled`. */
  notice(dueAt: number | null, running: Iterable<Instance>, now: number): void {
    const lateMs = now - (dueAt ?? now)
    if (lateMs <= SHORTEST_STALL_MS || this.#isNoticed) return
    this.#isNoticed = true
    const overdue = [...running].filter((instance) => hasStalled(instance, now))
    if (overdue.length === 0) return
    const { count, longestMs } = this.#figures
    this.#figures = { count: count + 1, longestMs: Math.max(longestMs, lateMs) }
    this.#effects.journal.append({ kind: 'stall', lateMs, virtualRouters: overdue.length }, now)
    for (const instance of overdue) {
      if (instance.state.role !== 'active') continue
      if (yieldsAfterStall(instance)) this.#effects.step(instance, { kind: 'stalled' }, now)
      else this.#listening.set(instance, null)
    }
  }

  /** Deadlines that have passed are being served: being late again is another stall. */
  settled(): void {
    this.#isNoticed = false
  }

  listens(instance: Instance): boolean {
    return this.#listening.has(instance)
  }

  hear(instance: Instance, event: Advertisement, now: number): void {
    const { priority } = event.advertisement
    if (priority === RESIGN || !isOutrankedBy(instance.parameters, event))
      this.#listening.set(instance, event)
    else this.#effects.yieldAtOnce(instance, event, now)
  }

  /** All that was missed has been heard, and nobody better is active. Leases may have run out, hosts been told otherwise. */
  end(instance: Instance, now: number): void {
    const missed = this.#listening.get(instance)
    if (missed === undefined) return
    this.#listening.delete(instance)
    this.#effects.reacquire(instance, now)
    if (missed !== null) this.#effects.step(instance, missed, now)
  }

  /** It is not active any more. */
  forget(instance: Instance): void {
    this.#listening.delete(instance)
  }
}

/** Whether somebody is due, and not for so long that we must have been away. */
export function isDueInTime(dueAt: number | null, now: number): boolean {
  return dueAt !== null && dueAt <= now && now - dueAt <= SHORTEST_STALL_MS
}

/** Whether the peers of a router whose deadline has passed by now may have stopped waiting for it. */
function hasStalled({ parameters, state }: Instance, now: number): boolean {
  const { config } = parameters
  if (state.role === 'backup' && !state.isWilling)
    return now - state.activeDownAt > activeDownInterval(parameters, state.activeIntervalMs)
  if (state.role !== 'active') return false
  const best = { ...parameters, priority: config.yieldAfterStall ?? BEST_PEER }
  const silentMs = now - state.advertiseAt + config.advertisementIntervalMs
  return silentMs > activeDownInterval(best, config.advertisementIntervalMs)
}

/** keepalived's `timer_expired_backup`: without preemption, whoever took over meanwhile is to keep the role. */
function yieldsAfterStall({ parameters: { config } }: Instance): boolean {
  return config.yieldAfterStall !== null && !config.preempt.enabled && config.priority !== OWNER
}

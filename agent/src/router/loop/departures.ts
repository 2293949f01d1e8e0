/**
 * Virtual routers that the configuration, or the process, has done with, and that still hold their addresses until a
 * successor is there. They hear advertisements and have deadlines like the others; nobody else knows of them.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Address } from '@aloft/shared/network/address'
import { discardReason } from '../../vrrp/acceptance.ts'
import type { Decoded } from '../../vrrp/advertisement.ts'
import type { PresenceEvent } from '../../vrrp/departure.ts'
import { nextWakeup } from '../../vrrp/machine.ts'
import { OWNER } from '../../vrrp/virtual-router.ts'
import type { RecordedInput } from '../../world/router-world.ts'
import { type Instance, keyOf } from './instance.ts'

/** `forMs` null: until it is undone. */
export interface StepDownOrder {
  readonly name: string
  readonly forMs: number | null
  /** End an earlier one instead. */
  readonly undo: boolean
}

function stepDownEvent({ forMs, undo }: StepDownOrder, now: number): PresenceEvent {
  if (undo) return { kind: 'step-down-over' }
  return { kind: 'step-down', untilMs: forMs === null ? null : now + forMs }
}

/** Why these virtual routers of that name cannot step down; null: they can. */
function stepDownRefusal(name: string, named: readonly Instance[]): string | null {
  if (named.length === 0) return `there is no virtual router ${name}`
  if (named.every(({ config }) => config.priority !== OWNER)) return null
  return `${name} owns its addresses (priority 255): they are this host's own, and nobody else may hold them`
}

/** After the Active_Down_Timer of a router whose predecessor in the configuration still holds its addresses. */
const REPLACED_WITHIN_MS = 100

interface DepartureEffects {
  step(instance: Instance, event: PresenceEvent, now: number): void
  /** It has let go, and is nobody any more. */
  gone(instance: Instance): void
}

export class Departures {
  readonly #leaving = new Set<Instance>()
  readonly #effects: DepartureEffects
  #whenGone: (() => void) | null = null

  constructor(effects: DepartureEffects) {
    this.#effects = effects
  }

  get configs(): readonly VirtualRouterConfig[] {
    return [...this.#leaving].map(({ config }) => config)
  }

  /** Those that no running virtual router has replaced. */
  without(running: ReadonlyMap<string, Instance>): readonly Instance[] {
    return [...this.#leaving].filter(({ config }) => !running.has(keyOf(config)))
  }

  /** An advertisement, perhaps of whoever comes after them. False: nobody here waits for any. */
  hear(key: string, { source, decoded }: { source: Address; decoded: Decoded }, now: number): boolean {
    const waiting = this.#at(key)
    for (const instance of waiting) {
      if (discardReason(instance.parameters, { source, decoded, role: 'backup' }) !== null) continue
      this.#effects.step(
        instance,
        { kind: 'advertisement', source, advertisement: decoded.advertisement },
        now,
      )
    }
    return waiting.length > 0
  }

  /** On a dead link nobody hears them. */
  linkLost(interfaceName: string, now: number): void {
    this.leaveNow(now, ({ config }) => config.interface === interfaceName)
  }

  leaveNow(now: number, which: (instance: Instance) => boolean = () => true): void {
    for (const each of [...this.#leaving].filter(which)) this.#effects.step(each, { kind: 'leave-now' }, now)
  }

  add(instance: Instance): void {
    if (instance.departure.leaving !== null) this.#leaving.add(instance)
  }

  /** Those that are known on the wire by this key: one, or more after configurations that followed fast. */
  #at(key: string): readonly Instance[] {
    if (this.#leaving.size === 0) return []
    return [...this.#leaving].filter((instance) => keyOf(instance.config) === key)
  }

  /** A router of the new configuration comes after them: they hold on until it may have become active. */
  awaitReplacement({ config, state }: Instance): readonly Instance[] {
    const activeAt = nextWakeup(state)
    if (activeAt === null) return []
    const before = this.#at(keyOf(config)).filter(({ departure }) => departure.leaving?.isSucceeded === false)
    for (const each of before) {
      const leaving = { releaseAt: activeAt + REPLACED_WITHIN_MS, isSucceeded: false }
      each.departure = { ...each.departure, leaving }
    }
    return before
  }

  /** Has these virtual routers of that name step down. Returns why not; null when it is done. */
  stepDown(
    order: StepDownOrder,
    named: readonly Instance[],
    record: (input: RecordedInput['input']) => number,
  ): string | null {
    const refusal = stepDownRefusal(order.name, named)
    if (refusal !== null) return refusal
    const now = record({ kind: 'step-down', ...order })
    for (const instance of named) this.#effects.step(instance, stepDownEvent(order, now), now)
    return null
  }

  /** Forgets it if it has let go. */
  settle(instance: Instance): void {
    if (instance.departure.leaving === null) this.#forget(instance)
  }

  /** What replaced them has become active before they had let go: its holdings take the place of theirs. */
  takenUpBy(successor: Instance): void {
    for (const each of this.#at(keyOf(successor.config))) this.#forget(each)
  }

  /** Calls back once nothing is held any more; at once when nothing is. */
  whenGone(callback: () => void): void {
    this.#whenGone = callback
    this.#checkGone()
  }

  #forget(instance: Instance): void {
    if (!this.#leaving.delete(instance)) return
    this.#effects.gone(instance)
    this.#checkGone()
  }

  #checkGone(): void {
    if (this.#leaving.size > 0) return
    const callback = this.#whenGone
    this.#whenGone = null
    callback?.()
  }
}

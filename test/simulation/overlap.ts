/** Two actives of one virtual router that hear each other must come to an end of it (RFC 9568 §6.4.3). */
import { isOwnAddress } from '@aloft/agent/world/links'
import type { LanSimulation } from './lan-simulation.ts'
import {
  BrokenInvariant,
  configOf,
  describe,
  type Group,
  isTied,
  type Member,
  portOf,
  sourceOf,
  writtenOf,
} from './members.ts'
import type { Plan } from './plan.ts'

/** At 10 % loss, so many advertisements of the better one in a row are lost once in a hundred million times. */
const LOSSY_INTERVALS_MAX = 8
const TICK_MS = 0.1

export class Overlaps {
  /** How long there were two of them, in all. */
  totalMs = 0
  readonly #simulation: LanSimulation
  readonly #plan: Plan
  readonly #sinceMs = new Map<string, number>()

  constructor(simulation: LanSimulation, plan: Plan) {
    this.#simulation = simulation
    this.#plan = plan
  }

  check({ members }: Group): void {
    const actives = members.filter(({ role, node }) => role === 'active' && node.isRunning)
    if (actives.length < 2 && this.#sinceMs.size === 0) return
    for (const a of members)
      for (const b of members) if (a.node.name < b.node.name) this.#measure(a, b, actives)
  }

  canHear(listener: Member, speaker: Member): boolean {
    const isReached = this.#simulation.lan.canReach(portOf(speaker), portOf(listener))
    // Peers are known by their addresses, which an owner does without: it has others.
    const isByAddress = writtenOf(listener).unicast !== null
    return isReached && (!isByAddress || (hasItsSource(listener) && hasItsSource(speaker)))
  }

  hearEachOther(a: Member, b: Member): boolean {
    return this.canHear(a, b) && this.canHear(b, a)
  }

  #measure(a: Member, b: Member, actives: readonly Member[]): void {
    const nowMs = this.#simulation.time.now()
    const key = `${describe(a)} ${b.node.name}`
    const sinceMs = this.#sinceMs.get(key)
    if (!actives.includes(a) || !actives.includes(b) || !this.hearEachOther(a, b)) {
      if (sinceMs !== undefined) this.totalMs += nowMs - sinceMs
      this.#sinceMs.delete(key)
      return
    }
    // A tie lasts until somebody is configured otherwise; what they do about it counts from then.
    const isNew = sinceMs === undefined || isTied(a, b) || sinceMs <= changedAtMs(a, b)
    if (isNew) this.#sinceMs.set(key, nowMs)
    if (isNew || nowMs - sinceMs <= this.#limitMs(a, b)) return
    const seconds = ((nowMs - sinceMs) / 1000).toFixed(3)
    throw new BrokenInvariant(
      `one active per router and segment: ${describe(a)} and ${b.node.name}, for ${seconds} s`,
    )
  }

  /** Where no frame is lost, the next advertisement of the better one is the end of the other. */
  #limitMs(a: Member, b: Member): number {
    const { loss, delayMs } = this.#plan.conditions
    if (loss > 0) return LOSSY_INTERVALS_MAX * this.#plan.intervalMsMax + 2 * delayMs[1]
    const intervalsMs = [a, b].map((each) => each.node.clock.trueMs(configOf(each).advertisementIntervalMs))
    return Math.max(...intervalsMs) + delayMs[1] + TICK_MS
  }
}

function hasItsSource(member: Member): boolean {
  const source = sourceOf(member)
  const link = member.node.host.state(writtenOf(member).interface)
  return source !== null && link !== null && isOwnAddress(link, source)
}

/** When it was decided last which of them is the better one. */
function changedAtMs(a: Member, b: Member): number {
  return Math.max(a.node.movedAtMs, a.node.disturbedAtMs, b.node.movedAtMs, b.node.disturbedAtMs)
}

/**
 * The virtual routers that run: each one's machine, what it is told and when, and the deadlines of all. What a machine
 * wants is done in its order before the next event is looked at.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { SyncGroup } from '@aloft/shared/config/sync-group-config'
import type { DiscardReason } from '@aloft/shared/protocol/events'
import { discardReason } from '../../vrrp/acceptance.ts'
import { type PresenceEvent, presenceWakeup, stepPresence } from '../../vrrp/departure.ts'
import { effectivePriority } from '../../vrrp/priority.ts'
import type { Action, Event } from '../../vrrp/virtual-router.ts'
import type { LinkState, RecordedInput } from '../../world/router-world.ts'
import type { BfdPart } from './bfd-part.ts'
import type { Changes } from './changes.ts'
import { Deadlines } from './deadlines.ts'
import { Departures, type StepDownOrder } from './departures.ts'
import { type Fault, faultEvent, linkFaults, type SaidFaults, trackedFaults, withFaults } from './faults.ts'
import { followedAfter, hearAgain } from './following.ts'
import { type HandedRouter, holdsAddresses, takeUp } from './handed-over.ts'
import { holdsOtherThings } from './holding-of.ts'
import { deservesPatience, type Instance, keyOf, newInstance, takeAddresses } from './instance.ts'
import type { LanWatch } from './lan-watch.ts'
import { type Effects, perform } from './perform.ts'
import { type Heard, noteHeard } from './reception.ts'
import { type StallFigures, StallGuard } from './stall-guard.ts'
import { SyncGroups } from './sync-groups.ts'
import { earliest, type Timed } from './timed.ts'
import { awaitAdded, type Trackers, takeStanding } from './trackers.ts'

interface Surroundings {
  readonly bfd: BfdPart | null
  readonly effects: Effects
  readonly trackers: Trackers
  readonly lanWatch: LanWatch
  linkOf(interfaceName: string): LinkState | null
  /** Why the device with its virtual MAC, or the like, forbids a router to take part. */
  virtualLinkFaults(config: VirtualRouterConfig): readonly Fault[]
  /** A router that had left has let go of what it held. */
  released(): void
}

/** How a router begins. */
export interface Beginning {
  /** By key: how long nobody was at the wheel of a router that goes on as active. */
  readonly gaps: ReadonlyMap<string, number>
  /** By key: as the process before us handed them over. */
  readonly adopted: ReadonlyMap<string, HandedRouter>
  readonly reason: 'startup' | 'configuration'
  /** Whoever does not go on as active stays silent until then; null: nobody need. */
  readonly waitUntil: number | null
  readonly syncGroups: readonly SyncGroup[]
}

export class RunningRouters implements Timed {
  readonly #around: Surroundings
  readonly #instances = new Map<string, Instance>()
  readonly deadlines = new Deadlines<Instance>()
  readonly #departures: Departures
  readonly #groups: SyncGroups
  readonly #stalls: StallGuard

  constructor(around: Surroundings) {
    this.#around = around
    this.#departures = new Departures({
      step: (instance, event, now) => this.#step(instance, event, now),
      gone: (instance) => {
        this.deadlines.set(instance, null)
        around.released()
      },
    })
    this.#stalls = new StallGuard({
      journal: around.effects.world.journal,
      step: (instance, event, now) => this.#step(instance, event, now),
      yieldAtOnce: (instance, event, now) => this.#yieldAtOnce(instance, event, now),
      reacquire: (instance, now) => this.reacquire(keyOf(instance.config), now),
    })
    this.#groups = new SyncGroups({
      step: (instance, event, now) => this.#step(instance, event, now),
      holdBack: (instance, faults, now) => this.#setFaults(instance, { source: 'sync-group', faults }, now),
    })
  }

  get byKey(): ReadonlyMap<string, Instance> {
    return this.#instances
  }

  get stalls(): StallFigures {
    return this.#stalls.figures
  }

  /** While any router listens to what it missed, nothing may be done in its name. */
  get isListening(): boolean {
    return this.#stalls.isListening
  }

  /** Those that run, and those that hold their addresses still. */
  all(): readonly Instance[] {
    return [...this.#instances.values(), ...this.#departures.without(this.#instances)]
  }

  configs(): readonly VirtualRouterConfig[] {
    return [...[...this.#instances.values()].map(({ config }) => config), ...this.#departures.configs]
  }

  apply({ stopped, changed, started }: Changes, beginning: Beginning, now: number): void {
    this.#groups.begin(beginning.syncGroups)
    for (const instance of stopped) this.#remove(instance, now)
    for (const { instance, config } of changed) this.#change(instance, config, now)
    for (const instance of this.#instances.values()) this.#regroup(instance, now)
    for (const config of started) this.#start(config, beginning, now)
    this.#groups.assemble(this.#instances.values(), now)
  }

  shutdown(now: number): void {
    this.#groups.dissolve()
    for (const instance of this.#instances.values()) {
      this.#step(instance, { kind: 'shutdown', reason: 'shutdown' }, now)
      this.#departures.add(instance)
    }
    this.#instances.clear()
  }

  leaveNow(now: number): void {
    this.#departures.leaveNow(now)
  }

  whenGone(callback: () => void): void {
    this.#departures.whenGone(callback)
  }

  stepDown(order: StepDownOrder, record: (input: RecordedInput['input']) => number): string | null {
    const named = [...this.#instances.values()].filter(({ config }) => config.name === order.name)
    return this.#departures.stepDown(order, named, record)
  }

  /** BFD has lost an active, or found it again: what that is to each router. */
  tell(eventFor: (instance: Instance) => Event | null, now: number): void {
    for (const instance of this.#instances.values()) {
      const event = eventFor(instance)
      if (event !== null) this.#step(instance, event, now)
    }
  }

  /** What is followed has changed, or what is known of it. */
  followTrackers(now: number): void {
    for (const instance of this.#instances.values()) {
      if (instance.config.track.length > 0) this.#applyStanding(instance, now)
    }
  }

  linkChanged(interfaceName: string, link: LinkState | null, now: number): void {
    for (const instance of this.#instances.values()) {
      if (instance.config.interface === interfaceName) this.#followLink(instance, link, now)
    }
    if (link?.up !== true) this.#departures.linkLost(interfaceName, now)
  }

  virtualLinkChanged(instance: Instance, now: number): void {
    const faults = this.#around.virtualLinkFaults(instance.config)
    this.#setFaults(instance, { source: 'virtual-link', faults }, now)
  }

  /** Gives an advertisement to the router it is for, or says why not. */
  hear(heard: Heard, now: number): DiscardReason | null {
    const { key, source, decoded } = heard
    this.#stalls.notice(this.dueAt(), this.#instances.values(), now)
    const instance = this.#instances.get(key)
    const isAwaited = this.#departures.hear(key, { source, decoded }, now)
    if (instance === undefined) return isAwaited ? null : 'vrid'

    const { role } = instance.state
    if (role === 'initialize' || (role === 'fault' && instance.departure.leaving === null)) return null
    const reason = discardReason(instance.parameters, { source, decoded, role })
    const { advertisement } = decoded
    const { lanWatch, bfd, linkOf } = this.#around
    if (reason === 'own-advertisement') lanWatch.twin(instance, source, advertisement.priority, now)
    if (reason !== null) return reason
    noteHeard(instance, heard)
    const isSeen = lanWatch.heard(instance, source, advertisement, now)
    const event = { kind: 'advertisement', source, advertisement } as const
    if (this.#stalls.listens(instance)) this.#stalls.hear(instance, event, now)
    else this.#step(instance, event, now)
    const what = { link: linkOf(instance.config.interface), source, advertisement }
    bfd?.heard(instance, what, now)
    heard.followed = isSeen ? null : followedAfter(instance, what)
    return null
  }

  /** The same advertisement as before. False: it is to be heard like any other. */
  hearAgain(heard: Heard, now: number): boolean {
    return hearAgain({ deadlines: this.deadlines, bfd: this.#around.bfd }, heard, now)
  }

  dueAt(): number | null {
    return this.deadlines.first()?.dueAt ?? null
  }

  ring(now: number): void {
    this.#stalls.notice(this.dueAt(), this.#instances.values(), now)
    this.#stalls.settled()
    const waiting: Instance[] = []
    for (let due = this.deadlines.first(); due && due.dueAt <= now; due = this.deadlines.first()) {
      if (this.#deservesPatience(due, now)) {
        due.isPatient = true
        this.deadlines.set(due, null)
        waiting.push(due)
      } else {
        this.#ringOne(due, now)
      }
    }
    for (const instance of waiting) this.deadlines.set(instance, now)
  }

  reacquire(holder: string, now: number): void {
    const instance = this.#instances.get(holder)
    const again: Action[] = [{ do: 'acquire-addresses' }, { do: 'announce', because: 'reacquired' }]
    if (instance !== undefined) perform(this.#around.effects, instance, again, now)
  }

  /** Somebody took away what it holds, and it leaves its role. */
  deprive(holder: string, now: number): void {
    const instance = this.#instances.get(holder)
    if (instance !== undefined) this.#step(instance, { kind: 'holding-lost' }, now)
  }

  #ringOne(instance: Instance, now: number): void {
    if (instance.startAt !== null) {
      this.#takePart(instance, 'startup', now)
      return
    }
    this.#stalls.end(instance, now)
    this.#step(instance, { kind: 'timer' }, now)
  }

  #deservesPatience(instance: Instance, now: number): boolean {
    return deservesPatience(instance, now) || (this.#stalls.listens(instance) && !instance.isPatient)
  }

  /** Lingers no moment: whoever is active by now has been that for long. */
  #yieldAtOnce(instance: Instance, event: PresenceEvent, now: number): void {
    this.#step(instance, event, now)
    this.#step(instance, { kind: 'leave-now' }, now)
  }

  #start(config: VirtualRouterConfig, { gaps, adopted, reason, waitUntil }: Beginning, now: number): void {
    const { effects } = this.#around
    const gapMs = gaps.get(keyOf(config)) ?? null
    const instance = newInstance(config, now)
    const link = this.#around.linkOf(config.interface)
    const standing = this.#around.trackers.standingOf(instance)
    instance.standing = standing
    const priority = effectivePriority(config, standing.priority)
    const isGrouped = this.#groups.includes(config.name)
    instance.parameters = { config, source: null, priority, isGrouped }
    takeAddresses(instance, link)
    this.#instances.set(keyOf(config), instance)

    instance.faults = withFaults(instance.faults, 'link', linkFaults(config, link))
    instance.faults = withFaults(instance.faults, 'tracking', trackedFaults(standing))
    instance.faults = withFaults(instance.faults, 'virtual-link', this.#around.virtualLinkFaults(config))
    const handed = adopted.get(keyOf(config))
    if (handed !== undefined) {
      this.#adopt(instance, handed, now)
      return
    }
    if (gapMs === null && waitUntil !== null && waitUntil > now) {
      instance.startAt = waitUntil
      this.#schedule(instance)
      return
    }
    // What the predecessor held cannot be defended on a dead link, and must not be held undefended.
    if (gapMs !== null && instance.faults.size > 0)
      perform(effects, instance, [{ do: 'release-addresses' }], now)
    if (gapMs === null || instance.faults.size > 0) this.#takePart(instance, reason, now)
    else this.#resume(instance, gapMs, now)
    for (const before of this.#departures.awaitReplacement(instance)) this.#schedule(before)
  }

  /** On the wire, and to our own kernel, nothing has happened. */
  #adopt(instance: Instance, handed: HandedRouter, now: number): void {
    takeUp(instance, handed)
    if (holdsAddresses(handed)) perform(this.#around.effects, instance, [{ do: 'acquire-addresses' }], now)
    const changed = faultEvent(instance.state.role, instance.faults, instance.faults)
    if (instance.startAt === null && changed !== null) this.#step(instance, changed, now)
    else this.#schedule(instance)
  }

  #takePart(instance: Instance, reason: Beginning['reason'], now: number): void {
    instance.startAt = null
    const fault = faultEvent(instance.state.role, instance.faults, instance.faults)
    this.#step(instance, fault ?? { kind: 'startup', reason }, now)
  }

  #resume(instance: Instance, gapMs: number, now: number): void {
    this.#step(instance, { kind: 'resume-active' }, now)
    const { name: virtualRouter, vrid, family, interface: interfaceName, priority } = instance.config
    const router = { virtualRouter, vrid, family, interface: interfaceName }
    const { journal } = this.#around.effects.world
    journal.append({ kind: 'resumed', ...router, role: 'active', priority, gapMs }, now)
  }

  #remove(instance: Instance, now: number): void {
    this.#step(instance, { kind: 'shutdown', reason: 'configuration' }, now)
    this.#instances.delete(keyOf(instance.config))
    this.#departures.add(instance)
  }

  /** What can change while it runs does: no transition, no counter lost, addresses that stay are not touched. */
  #change(instance: Instance, config: VirtualRouterConfig, now: number): void {
    const before = instance.config
    const { linkOf, effects } = this.#around
    instance.config = config
    instance.encoded = null
    instance.parameters = { ...instance.parameters, config }
    this.#step(instance, { kind: 'reconfigured', before }, now)
    effects.announcer.reconfigured(config)
    if (instance.state.role === 'active' && holdsOtherThings(before, config)) {
      const again: Action[] = [{ do: 'acquire-addresses' }, { do: 'announce', because: 'reacquired' }]
      perform(effects, instance, again, now)
    }
    this.#followLink(instance, linkOf(config.interface), now)
    this.virtualLinkChanged(instance, now)
    awaitAdded(instance, before)
    this.#applyStanding(instance, now)
  }

  /** It may have come into a group, or out of one; out of one, it waits for nobody. */
  #regroup(instance: Instance, now: number): void {
    const isGrouped = this.#groups.includes(instance.config.name)
    if (instance.parameters.isGrouped === isGrouped) return
    instance.parameters = { ...instance.parameters, isGrouped }
    if (isGrouped) return
    this.#setFaults(instance, { source: 'sync-group', faults: [] }, now)
    this.#step(instance, { kind: 'timer' }, now)
  }

  /** The address is taken over before the machine hears of the fault, and the old one is kept to resign from. */
  #followLink(instance: Instance, link: LinkState | null, now: number): void {
    const { config } = instance
    const faults = linkFaults(config, link)
    if (faults.length === 0) takeAddresses(instance, link)
    this.#setFaults(instance, { source: 'link', faults }, now)
  }

  #applyStanding(instance: Instance, now: number): void {
    const { trackers, effects } = this.#around
    const standing = trackers.standingOf(instance)
    const before = takeStanding(instance, standing, (body) => effects.world.journal.append(body, now))
    if (before !== null) this.#step(instance, { kind: 'priority-changed', before }, now)
    this.#setFaults(instance, { source: 'tracking', faults: trackedFaults(standing) }, now)
  }

  /** What one side says of a router's right to take part, in place of what it said before. */
  #setFaults(instance: Instance, { source, faults }: SaidFaults, now: number): void {
    const before = instance.faults
    instance.faults = withFaults(before, source, faults)
    if (instance.startAt !== null) return
    const event = faultEvent(instance.state.role, before, instance.faults)
    if (event !== null) this.#step(instance, event, now)
    else this.#groups.follow(instance, now)
  }

  #step(instance: Instance, event: PresenceEvent, now: number): void {
    const { effects } = this.#around
    const [{ state, departure }, actions] = stepPresence(instance.parameters, instance, event, now)
    if (state.role !== 'active') {
      if (instance.state.role === 'active') effects.announcer.silence(instance.config)
      this.#stalls.forget(instance)
    }
    const before = instance.state
    instance.state = state
    instance.departure = departure
    if (state.role === 'active') this.#departures.takenUpBy(instance)
    instance.isPatient = false
    perform(effects, instance, actions, now)
    this.#schedule(instance)
    if (state.role === 'active') this.#around.bfd?.tookOver(instance, before, now)
    this.#rally(instance, actions, now)
    this.#groups.follow(instance, now)
  }

  /** Who lost against one member may have drawn hosts away from the others too. One that listens has to take its own again first. */
  #rally(instance: Instance, actions: readonly Action[], now: number): void {
    const provoked = actions.filter(
      (action) => action.do === 'announce' && action.because === 'lower-priority-heard',
    )
    if (provoked.length === 0) return
    for (const other of this.#groups.othersOf(instance)) {
      if (other.state.role === 'active' && !this.#stalls.listens(other))
        perform(this.#around.effects, other, provoked, now)
    }
  }

  #schedule(instance: Instance): void {
    this.deadlines.set(instance, earliest(presenceWakeup(instance), instance.startAt))
    this.#departures.settle(instance)
  }
}

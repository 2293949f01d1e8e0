/**
 * The router: whatever comes in is recorded, goes to the machine it concerns, and what that machine wants is done in
 * its order, before the next input is looked at. One alarm stands at the earliest deadline of all machines. The loop
 * knows no kernel; production, simulation and replay give it different worlds.
 */
import {
  AGENT_DEFAULTS,
  type AgentSettings,
  type VirtualRouterConfig,
} from '@aloft/shared/config/agent-config'
import type { DiscardReason } from '@aloft/shared/protocol/events'
import type { Verdict } from '../../tracking/verdict.ts'
import { discardReason, TTL_REQUIRED } from '../../vrrp/acceptance.ts'
import { decodeAdvertisement } from '../../vrrp/advertisement.ts'
import { type PresenceEvent, presenceWakeup, stepPresence } from '../../vrrp/departure.ts'
import { effectivePriority } from '../../vrrp/priority.ts'
import type { Action } from '../../vrrp/virtual-router.ts'
import type { HoldingFailure, HoldingLoss } from '../../world/holdings.ts'
import type {
  Datagram,
  LinkState,
  RecordedInput,
  RouterInput,
  RouterWorld,
  UndecodablePacket,
} from '../../world/router-world.ts'
import { Announcer } from './announcer.ts'
import { changesTo } from './changes.ts'
import { countReceived } from './counters.ts'
import { Deadlines } from './deadlines.ts'
import { Departures, type StepDownOrder } from './departures.ts'
import { DiscardLedger } from './discard-ledger.ts'
import { faultEvent, linkFaults, type SaidFaults, trackedFaults, withFaults } from './faults.ts'
import { hexOf } from './hex.ts'
import { HoldingKeeper } from './holding-keeper.ts'
import { deservesPatience, type Instance, keyOf, newInstance, sourceOf, wireKey } from './instance.ts'
import { Interfaces } from './interfaces.ts'
import { LazyAlarm } from './lazy-alarm.ts'
import { DelayedLinks } from './link-delays.ts'
import { type Effects, perform } from './perform.ts'
import { type LoopStatus, statusOf } from './status.ts'
import { earliest, type Timed } from './timed.ts'
import { Trackers, takeStanding } from './trackers.ts'
import { VirtualLinkProblems } from './virtual-link-problems.ts'

export interface ConfigureOptions {
  /** What the config says of the agent as a whole. */
  readonly settings?: AgentSettings
  /** Routers (`wireKey`) that go on as active because their predecessor process was; `gapMs`: how long nobody was at the wheel. */
  readonly resume?: readonly { readonly key: string; readonly gapMs: number }[]
}

export class RouterLoop implements RouterInput {
  readonly #world: RouterWorld
  readonly #instances = new Map<string, Instance>()
  readonly #interfaces: Interfaces
  readonly #deadlines = new Deadlines<Instance>()
  readonly #discards: DiscardLedger
  readonly #virtualLinks: VirtualLinkProblems
  readonly #effects: Effects
  readonly #holdings: HoldingKeeper
  /** Everything but the virtual routers that has deadlines of its own. */
  readonly #parts: readonly Timed[]
  readonly #delays: DelayedLinks
  readonly #trackers: Trackers
  readonly #departures = new Departures({
    step: (instance, event, now) => this.#step(instance, event, now),
    gone: (instance) => {
      this.#deadlines.set(instance, null)
      this.#closeInterfaces()
    },
  })
  readonly #alarm: LazyAlarm
  /** Routers of the first configuration start because the process does, later ones because of the change. */
  #startReason: 'startup' | 'configuration' = 'startup'
  #isStopping = false

  constructor(world: RouterWorld) {
    this.#holdings = new HoldingKeeper(world.holdings, (holder, now) => this.#reacquire(holder, now))
    this.#world = { ...world, holdings: this.#holdings }
    this.#alarm = new LazyAlarm(world.alarm)
    this.#interfaces = new Interfaces(world.links)
    this.#discards = new DiscardLedger((body, at) => world.journal.append(body, at))
    this.#virtualLinks = new VirtualLinkProblems(world, (input) => this.#record(input))
    const announcer = new Announcer(this.#holdings)
    this.#effects = { world: this.#world, announcer }
    this.#delays = new DelayedLinks((name, link, at) => this.#linkCounts(name, link, at))
    this.#trackers = new Trackers((name) => this.#interfaces.get(name)?.link ?? null)
    this.#parts = [this.#discards, this.#holdings, announcer, this.#delays]
  }

  /**
   * Runs exactly these virtual routers from now on. Those that are the same as before are not touched; a changed one
   * is stopped and started anew. Throws RangeError, having changed nothing, when two share interface, family and VRID.
   */
  configure(routers: readonly VirtualRouterConfig[], options: ConfigureOptions = {}): void {
    const { resume = [], settings = AGENT_DEFAULTS } = options
    const { stopped, started, adapted } = changesTo(routers, this.#instances)
    this.#delays.configure(settings.interfaces)
    for (const [name, opened] of this.#interfaces.open(routers)) opened.link = this.#readLink(name).counted
    this.#virtualLinks.prepare({ ...settings, routers, holding: this.#holding(routers, resume) })
    for (const { key, gapMs } of resume) this.#record({ kind: 'resume', key, gapMs })
    const now = this.#record({ kind: 'configure', routers, settings })
    this.#effects.announcer.setPacing(settings)

    for (const instance of stopped) this.#remove(instance, now)
    const gaps = new Map(resume.map(({ key, gapMs }) => [key, gapMs]))
    for (const config of started) this.#start(config, gaps.get(keyOf(config)) ?? null, now)
    for (const [instance, config] of adapted) this.#adapt(instance, config, now)
    this.#closeInterfaces()
    this.#startReason = 'configuration'
    this.#arm()
  }

  /**
   * Resigns from every router held, and calls `gone` once their addresses are released: an active goes on answering
   * until its successor is there. Called again, it waits for nobody.
   */
  shutdown(gone: () => void = () => {}): void {
    const now = this.#record({ kind: 'shutdown' })
    if (this.#isStopping) this.#departures.leaveNow(now)
    this.#isStopping = true
    for (const instance of this.#instances.values()) {
      this.#step(instance, { kind: 'shutdown', reason: 'shutdown' }, now)
      this.#departures.add(instance)
    }
    this.#instances.clear()
    this.#closeInterfaces()
    this.#discards.flush(now)
    this.#arm()
    this.#departures.whenGone(gone)
  }

  /** Gives an active role away, lost or not preempted back as ordered; a backup only stays back. Returns why not. */
  stepDown(order: StepDownOrder): string | null {
    const named = [...this.#instances.values()].filter(({ config }) => config.name === order.name)
    const refusal = this.#departures.stepDown(order, named, (input) => this.#record(input))
    this.#arm()
    return refusal
  }

  status(): LoopStatus {
    return {
      virtualRouters: [...this.#instances.values(), ...this.#departures.without(this.#instances)].map(
        (each) =>
          statusOf(each, this.#interfaces.get(each.config.interface)?.link ?? null, this.#world.clock),
      ),
      discards: this.#discards.totals(),
      holdingFailures: this.#holdings.failures(),
    }
  }

  datagram(datagram: Datagram): void {
    const recorded = { ...datagram, payload: hexOf(datagram.payload) }
    const now = this.#record({ kind: 'datagram', datagram: recorded })
    if (!this.#interfaces.hears(datagram.interfaceName, datagram.family)) return
    const reason = this.#receive(datagram, now)
    if (reason !== null) {
      const { interfaceName, source, payload } = datagram
      this.#discards.add({ interface: interfaceName, vrid: payload[1] ?? null, reason, source }, now)
    }
    this.#arm()
  }

  undecodable(packet: UndecodablePacket): void {
    const now = this.#record({ kind: 'undecodable', packet })
    const { interfaceName, family, source } = packet
    if (!this.#interfaces.hears(interfaceName, family)) return
    this.#discards.add({ interface: interfaceName, vrid: null, reason: 'ip-header', source }, now)
    this.#arm()
  }

  linkChanged(interfaceName: string): void {
    const found = this.#interfaces.get(interfaceName)
    if (found === undefined) return
    const { counted, now } = this.#readLink(interfaceName)
    this.#linkCounts(interfaceName, counted, now)
    this.#arm()
  }

  virtualLinkChanged(router: string): void {
    const instance = this.#instances.get(router)
    if (instance === undefined) return
    const now = this.#virtualLinks.look(instance.config)
    const faults = this.#virtualLinks.faultsOf(instance.config)
    this.#setFaults(instance, { source: 'virtual-link', faults }, now)
    this.#arm()
  }

  /** All that the steward knows of scripts, files and processes, in place of what it said before. */
  tracked(verdicts: readonly Verdict[]): void {
    const now = this.#record({ kind: 'tracked', verdicts })
    this.#trackers.report(verdicts)
    this.#followTrackers(now)
    this.#arm()
  }

  holdingFailed(failure: HoldingFailure): void {
    const now = this.#record({ kind: 'holding-failed', failure })
    this.#holdings.failed(failure, now)
    this.#arm()
  }

  holdingLost(loss: HoldingLoss): void {
    this.#record({ kind: 'holding-lost', loss })
    this.#arm()
  }

  alarm(): void {
    const now = this.#record({ kind: 'alarm' })
    this.#alarm.rang()
    const waiting: Instance[] = []
    for (let due = this.#deadlines.first(); due && due.dueAt <= now; due = this.#deadlines.first()) {
      if (deservesPatience(due, now)) {
        due.isPatient = true
        this.#deadlines.set(due, null)
        waiting.push(due)
      } else {
        this.#step(due, { kind: 'timer' }, now)
      }
    }
    for (const instance of waiting) this.#deadlines.set(instance, now)
    for (const part of this.#parts) part.ring(now)
    this.#arm()
  }

  /** Gives an advertisement to the router it is for, or says why not. */
  #receive(datagram: Datagram, now: number): DiscardReason | null {
    if (datagram.ttl !== TTL_REQUIRED) return 'ip-ttl'
    const decoded = decodeAdvertisement(datagram)
    if ('malformed' in decoded) return decoded.malformed
    const { advertisement } = decoded
    const { interfaceName, family, source } = datagram
    const key = wireKey(interfaceName, family, advertisement.vrid)
    const instance = this.#instances.get(key)
    const isAwaited = this.#departures.hear(key, { source, decoded }, now)
    if (instance === undefined) return isAwaited ? null : 'vrid'

    const { role } = instance.state
    if (role === 'initialize' || (role === 'fault' && instance.departure.leaving === null)) return null
    const reason = discardReason(instance.parameters, { source, decoded, role })
    if (reason !== null) return reason
    countReceived(instance.counters, decoded)
    this.#step(instance, { kind: 'advertisement', source, advertisement }, now)
    return null
  }

  #start(config: VirtualRouterConfig, gapMs: number | null, now: number): void {
    const instance = newInstance(config, now)
    const link = this.#interfaces.get(config.interface)?.link ?? null
    const standing = this.#trackers.standingOf(config)
    instance.standing = standing
    const priority = effectivePriority(config, standing.priority)
    instance.parameters = { config, source: sourceOf(config, link), priority }
    this.#instances.set(keyOf(config), instance)

    instance.faults = withFaults(instance.faults, 'link', linkFaults(config, link))
    instance.faults = withFaults(instance.faults, 'tracking', trackedFaults(standing))
    instance.faults = withFaults(instance.faults, 'virtual-link', this.#virtualLinks.faultsOf(config))
    const fault = faultEvent(instance.state.role, instance.faults, instance.faults)
    if (fault !== null) {
      // What the predecessor held cannot be defended on a dead link, and must not be held undefended.
      if (gapMs !== null) perform(this.#effects, instance, [{ do: 'release-addresses' }], now)
      this.#step(instance, fault, now)
    } else if (gapMs !== null) {
      this.#step(instance, { kind: 'resume-active' }, now)
      const { name: virtualRouter, vrid, family, interface: interfaceName, priority } = config
      const router = { virtualRouter, vrid, family, interface: interfaceName }
      this.#world.journal.append({ kind: 'resumed', ...router, role: 'active', priority, gapMs }, now)
    } else {
      this.#step(instance, { kind: 'startup', reason: this.#startReason }, now)
    }
    for (const before of this.#departures.awaitReplacement(instance)) this.#schedule(before)
  }

  /** Those of these routers that hold their addresses already, and go on holding them. */
  #holding(routers: readonly VirtualRouterConfig[], resume: readonly { readonly key: string }[]) {
    return routers.filter(
      (router) =>
        this.#instances.get(keyOf(router))?.state.role === 'active' ||
        resume.some(({ key }) => key === keyOf(router)),
    )
  }

  #remove(instance: Instance, now: number): void {
    this.#step(instance, { kind: 'shutdown', reason: 'configuration' }, now)
    this.#instances.delete(keyOf(instance.config))
    this.#departures.add(instance)
  }

  /** The address is taken over before the machine hears of the fault, and the old one is kept to resign from. */
  #followLink(instance: Instance, link: LinkState | null, now: number): void {
    const { config } = instance
    const faults = linkFaults(config, link)
    if (faults.length === 0) instance.parameters = { ...instance.parameters, source: sourceOf(config, link) }
    this.#setFaults(instance, { source: 'link', faults }, now)
  }

  /** Another state of a link counts from now on. */
  #linkCounts(interfaceName: string, link: LinkState | null, now: number): void {
    const found = this.#interfaces.get(interfaceName)
    if (found === undefined) return
    const wasUp = found.link?.up ?? false
    found.link = link
    const isUp = link?.up ?? false
    if (isUp !== wasUp) this.#world.journal.append({ kind: 'link', interface: interfaceName, up: isUp }, now)
    for (const instance of this.#instances.values()) {
      if (instance.config.interface === interfaceName) this.#followLink(instance, link, now)
    }
    if (!isUp) this.#departures.linkLost(interfaceName, now)
    if (isUp !== wasUp) this.#followTrackers(now)
  }

  #followTrackers(now: number): void {
    for (const instance of this.#instances.values()) {
      if (instance.config.track.length > 0) this.#applyStanding(instance, now)
    }
  }

  #applyStanding(instance: Instance, now: number): void {
    const standing = this.#trackers.standingOf(instance.config)
    const before = takeStanding(instance, standing, (body) => this.#world.journal.append(body, now))
    if (before !== null) this.#step(instance, { kind: 'priority-changed', before }, now)
    this.#setFaults(instance, { source: 'tracking', faults: trackedFaults(standing) }, now)
  }

  /** It goes on as it is, and follows other things from now on. */
  #adapt(instance: Instance, config: VirtualRouterConfig, now: number): void {
    instance.config = config
    instance.parameters = { ...instance.parameters, config }
    this.#followLink(instance, this.#interfaces.get(config.interface)?.link ?? null, now)
    this.#applyStanding(instance, now)
  }

  /** What one side says of a router's right to take part, in place of what it said before. */
  #setFaults(instance: Instance, { source, faults }: SaidFaults, now: number): void {
    const before = instance.faults
    instance.faults = withFaults(before, source, faults)
    const event = faultEvent(instance.state.role, before, instance.faults)
    if (event !== null) this.#step(instance, event, now)
  }

  #step(instance: Instance, event: PresenceEvent, now: number): void {
    const [{ state, departure }, actions] = stepPresence(instance.parameters, instance, event, now)
    if (instance.state.role === 'active' && state.role !== 'active')
      this.#effects.announcer.silence(instance.config)
    instance.state = state
    instance.departure = departure
    if (state.role === 'active') this.#departures.takenUpBy(instance)
    instance.isPatient = false
    perform(this.#effects, instance, actions, now)
    this.#schedule(instance)
  }

  #reacquire(holder: string, now: number): void {
    const instance = this.#instances.get(holder)
    const again: Action[] = [{ do: 'acquire-addresses' }, { do: 'announce', because: 'reacquired' }]
    if (instance !== undefined) perform(this.#effects, instance, again, now)
  }

  #schedule(instance: Instance): void {
    this.#deadlines.set(instance, presenceWakeup(instance))
    this.#departures.settle(instance)
  }

  #arm(): void {
    let dueAt = this.#deadlines.first()?.dueAt ?? null
    for (const part of this.#parts) dueAt = earliest(dueAt, part.dueAt())
    this.#alarm.setAtMost(dueAt)
  }

  /** Closes what no virtual router uses any more. */
  #closeInterfaces(): void {
    const running = [...this.#instances.values()].map(({ config }) => config)
    const used = [...running, ...this.#departures.configs]
    this.#interfaces.close(used)
    this.#world.virtualLinks.retain(used)
    this.#delays.keep(this.#interfaces.names())
  }

  /** Reads a link anew: what counts for its state, and when that was. */
  #readLink(interfaceName: string): { readonly counted: LinkState | null; readonly now: number } {
    const seen = this.#world.links.state(interfaceName)
    const now = this.#record({ kind: 'link', interfaceName, state: seen })
    return { counted: this.#delays.see(interfaceName, seen, now), now }
  }

  #record(input: RecordedInput['input']): number {
    const at = this.#world.clock.now()
    this.#world.recorder.record({ at, input })
    return at
  }
}

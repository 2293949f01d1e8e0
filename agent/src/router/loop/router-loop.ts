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
import type { Verdict } from '../../tracking/verdict.ts'
import type { BfdDatagram } from '../../world/bfd-links.ts'
import type { HoldingFailure, HoldingLoss } from '../../world/holdings.ts'
import type {
  AddressClaim,
  Datagram,
  LinkState,
  RecordedInput,
  RouterInput,
  RouterWorld,
  UndecodablePacket,
} from '../../world/router-world.ts'
import { Announcer } from './announcer.ts'
import type { BfdPart } from './bfd-part.ts'
import { bfdOf } from './bfd-routers.ts'
import type { Farewell } from './bfd-status.ts'
import { changesTo } from './changes.ts'
import { DatagramMemory, type Known } from './datagram-memory.ts'
import type { StepDownOrder } from './departures.ts'
import { DiscardLedger } from './discard-ledger.ts'
import { type HandedRouter, handOver, holdsAddresses } from './handed-over.ts'
import { HoldingKeeper } from './holding-keeper.ts'
import { heldAlways } from './holding-of.ts'
import { InputTime } from './input-time.ts'
import { keyOf } from './instance.ts'
import { Interfaces } from './interfaces.ts'
import { LanWatch } from './lan-watch.ts'
import { LazyAlarm } from './lazy-alarm.ts'
import { DelayedLinks } from './link-delays.ts'
import type { Effects } from './perform.ts'
import { apparentVrid, type Heard, Reception, type Refused } from './reception.ts'
import { RecordedBfd } from './recorded-bfd.ts'
import { RunningRouters } from './running-routers.ts'
import { isDueInTime } from './stall-guard.ts'
import { startOf } from './startup-delay.ts'
import { type LoopStatus, statusOf } from './status.ts'
import { earliest, type Timed } from './timed.ts'
import { Trackers } from './trackers.ts'
import { VirtualLinkProblems } from './virtual-link-problems.ts'

export interface ConfigureOptions {
  /** Routers as the process before us handed them over, of these configurations. */
  readonly adopted?: readonly HandedRouter[]
  /** What the config says of the agent as a whole. */
  readonly settings?: AgentSettings
  /** Routers (`wireKey`) that go on as active because their predecessor process was; `gapMs`: how long nobody was at the wheel. */
  readonly resume?: readonly { readonly key: string; readonly gapMs: number }[]
}

/** One object for all of them, as the recorder likes it. */
const ALARM = { kind: 'alarm' } as const
const NO_FAREWELLS: readonly Farewell[] = []

export class RouterLoop implements RouterInput {
  readonly #world: RouterWorld
  readonly #routers: RunningRouters
  readonly #interfaces: Interfaces
  readonly #reception = new Reception()
  readonly #discards: DiscardLedger
  readonly #lanWatch: LanWatch
  readonly #virtualLinks: VirtualLinkProblems
  readonly #effects: Effects
  readonly #holdings: HoldingKeeper
  readonly #bfd: BfdPart | null
  /** Everything that has deadlines of its own, but the virtual routers, which come first. */
  readonly #parts: readonly Timed[]
  readonly #delays: DelayedLinks
  readonly #trackers: Trackers
  readonly #memory = new DatagramMemory<Heard | Refused>()
  readonly #alarm: LazyAlarm
  readonly #recordedBfd = new RecordedBfd()
  readonly #time: InputTime
  #inputAt = 0
  /** Routers of the first configuration start because the process does, later ones because of the change. */
  #startReason: 'startup' | 'configuration' = 'startup'
  #isStopping = false
  /** A router has let go since what none uses was last closed. */
  #hasReleased = false
  /** Another process goes on, or nothing is held any more: the world is closed, or about to be. */
  #isOver = false

  constructor(world: RouterWorld) {
    this.#holdings = new HoldingKeeper(world, {
      running: () => this.#routers,
      now: () => this.#inputAt,
    })
    this.#time = new InputTime(world.clock)
    this.#alarm = new LazyAlarm(world.alarm)
    this.#world = { ...world, holdings: this.#holdings }
    this.#interfaces = new Interfaces(world.links)
    this.#discards = new DiscardLedger((body, at) => world.journal.append(body, at))
    this.#virtualLinks = new VirtualLinkProblems(world, (input) => this.#record(input))
    const announcer = new Announcer(this.#holdings)
    this.#effects = { world: this.#world, announcer }
    this.#delays = new DelayedLinks((name, link, at) => this.#linkCounts(name, link, at))
    this.#trackers = new Trackers((name) => this.#interfaces.linkOf(name))
    this.#bfd = bfdOf(this.#world, {
      linkOf: (name) => this.#interfaces.linkOf(name),
      routers: () => this.#routers,
      trackers: this.#trackers,
    })
    this.#lanWatch = new LanWatch((body, at) => world.journal.append(body, at))
    const parts = [this.#discards, this.#lanWatch, this.#holdings, announcer, this.#delays]
    this.#parts = this.#bfd ? [...parts, this.#bfd] : parts
    this.#routers = new RunningRouters({
      effects: this.#effects,
      trackers: this.#trackers,
      lanWatch: this.#lanWatch,
      bfd: this.#bfd,
      linkOf: (name) => this.#interfaces.linkOf(name),
      virtualLinkFaults: (config) => this.#virtualLinks.faultsOf(config),
      released: () => {
        this.#hasReleased = true
      },
    })
  }

  /**
   * Runs exactly these virtual routers from now on. Those that are the same as before are not touched, and most changes
   * are made while the router runs (`changes.ts`). Throws RangeError, having changed nothing, when two share interface, family and VRID.
   */
  configure(routers: readonly VirtualRouterConfig[], options: ConfigureOptions = {}): void {
    const { resume = [], adopted = [], settings = AGENT_DEFAULTS } = options
    const changes = changesTo(routers, this.#routers.byKey)
    this.#delays.configure(settings.interfaces)
    for (const [name, opened] of this.#interfaces.open(routers)) opened.link = this.#readLink(name).counted
    this.#virtualLinks.prepare({
      ...settings,
      routers,
      holding: this.#holding(routers, [...resume, ...adopted.filter(holdsAddresses)]),
    })
    for (const { key, gapMs } of resume) this.#record({ kind: 'resume', key, gapMs })
    for (const router of adopted) this.#record({ kind: 'adopt', router })
    const now = this.#record({ kind: 'configure', routers, settings })
    this.#effects.announcer.setPacing(settings)
    this.#bfd?.configure(settings, routers, now)
    this.#holdings.holdStatic(heldAlways(settings.static, routers))

    this.#routers.apply(
      changes,
      {
        gaps: new Map(resume.map(({ key, gapMs }) => [key, gapMs])),
        adopted: new Map(adopted.map((router) => [router.key, router])),
        reason: this.#startReason,
        waitUntil: this.#startReason === 'startup' ? startOf(settings, now) : null,
        syncGroups: settings.syncGroups,
      },
      now,
    )
    this.#closeInterfaces()
    this.#startReason = 'configuration'
    this.#arm()
  }

  /**
   * Leaves everything to the process that takes our place: says nothing, releases nothing, and does nothing from now on.
   * The world's sockets are to be closed next.
   */
  handOver(): readonly HandedRouter[] {
    const now = this.#record({ kind: 'hand-over' })
    this.#bfd?.shutdown(now)
    this.#discards.flush(now)
    this.#end()
    return this.#routers.all().map(handOver)
  }

  /**
   * Resigns from every router held, and calls `gone` once their addresses are released: an active goes on answering
   * until its successor is there. Called again, it waits for nobody.
   */
  shutdown(gone: () => void = () => {}): void {
    const now = this.#record({ kind: 'shutdown' })
    if (this.#isStopping) this.#routers.leaveNow(now)
    this.#isStopping = true
    this.#routers.shutdown(now)
    this.#bfd?.shutdown(now)
    this.#closeInterfaces()
    this.#discards.flush(now)
    this.#holdings.flush(now)
    this.#holdings.holdStatic(AGENT_DEFAULTS.static)
    this.#lanWatch.flush(now)
    this.#arm()
    this.#routers.whenGone(() => {
      this.#closeReleased()
      this.#end()
      gone()
    })
  }

  #end(): void {
    this.#isOver = true
    this.#world.alarm.set(null)
  }

  /** Gives an active role away, lost or not preempted back as ordered; a backup only stays back. Returns why not. */
  stepDown(order: StepDownOrder): string | null {
    const refusal = this.#routers.stepDown(order, (input) => this.#record(input))
    this.#arm()
    return refusal
  }

  status(): LoopStatus {
    return {
      virtualRouters: this.#routers.all().map((each) => ({
        ...statusOf(each, this.#interfaces.linkOf(each.config.interface), this.#world.clock),
        ...this.#bfd?.pairsOf(each),
      })),
      stalls: this.#routers.stalls,
      discards: this.#discards.totals(),
      findings: this.#lanWatch.totals(),
      holdingFailures: this.#holdings.failures(),
      ...(this.#bfd && { bfd: this.#bfd.status() }),
    }
  }

  /** What is to be said for this process should it die. */
  farewells(): readonly Farewell[] {
    return this.#bfd?.farewells() ?? NO_FAREWELLS
  }

  datagram(datagram: Datagram): void {
    if (this.#isOver) return
    const known = this.#memory.recall(datagram)
    const now = this.#record(known.input)
    this.#holdings.checkLeases(now)
    if (known.made === null || 'refused' in known.made || !this.#routers.hearAgain(known.made, now))
      this.#hear(datagram, known, now)
    this.#arm()
  }

  #hear(datagram: Datagram, known: Known<Heard | Refused>, now: number): void {
    this.#time.passes()
    const { interfaceName, family, source } = datagram
    if (!this.#interfaces.hears(interfaceName, family)) return
    known.made ??= this.#reception.read(datagram)
    const heard = known.made
    if ('refused' in heard && heard.foreign !== undefined)
      this.#lanWatch.foreign(datagram, heard.foreign, now)
    // The router it is for takes it, or says why not.
    const reason = 'refused' in heard ? heard.refused : this.#routers.hear(heard, now)
    if (reason !== null)
      this.#discards.add({ interface: interfaceName, vrid: apparentVrid(datagram), reason, source }, now)
  }

  /** The alarm is looked at once, when all of it has been heard. */
  together(deliver: () => void): void {
    try {
      this.#time.together(deliver)
    } finally {
      this.#arm()
    }
  }

  undecodable(packet: UndecodablePacket): void {
    const now = this.#record({ kind: 'undecodable', packet })
    const { interfaceName, family, source } = packet
    if (!this.#interfaces.hears(interfaceName, family)) return
    this.#discards.add({ interface: interfaceName, vrid: null, reason: 'ip-header', source }, now)
    this.#arm()
  }

  bfd(datagram: BfdDatagram): void {
    const now = this.#record(this.#recordedBfd.inputOf(datagram))
    this.#bfd?.receive(datagram, now)
    this.#arm('exactly')
  }

  linkChanged(interfaceName: string): void {
    if (this.#interfaces.get(interfaceName) === undefined) return
    const { counted, now } = this.#readLink(interfaceName)
    this.#linkCounts(interfaceName, counted, now)
    this.#arm()
  }

  virtualLinkChanged(router: string): void {
    const instance = this.#routers.byKey.get(router)
    if (instance === undefined) return
    const now = this.#virtualLinks.look(instance.config)
    this.#routers.virtualLinkChanged(instance, now)
    this.#arm()
  }

  /** All that the steward knows of scripts, files and processes, in place of what it said before. */
  tracked(verdicts: readonly Verdict[]): void {
    const now = this.#record({ kind: 'tracked', verdicts })
    this.#trackers.report(verdicts)
    this.#routers.followTrackers(now)
    this.#arm()
  }

  holdingFailed(failure: HoldingFailure): void {
    const now = this.#record({ kind: 'holding-failed', failure })
    this.#holdings.failed(failure, now)
    this.#arm()
  }

  addressClaimed(claim: AddressClaim): void {
    const now = this.#record({ kind: 'address-claimed', claim })
    this.#lanWatch.claimed(claim, this.#routers.byKey.values(), now)
    this.#arm()
  }

  holdingLost(loss: HoldingLoss): void {
    const now = this.#record({ kind: 'holding-lost', loss })
    this.#holdings.lost(loss, now)
    this.#arm()
  }

  alarm(): void {
    if (this.#isOver) return
    const now = this.#record(ALARM)
    this.#alarm.rang()
    this.#holdings.checkLeases(now)
    // Who hears both is woken once.
    if (isDueInTime(this.#routers.dueAt(), now)) this.#bfd?.accompany(now)
    this.#routers.ring(now)
    if (this.#isOver) return
    // In the name of a router that has yet to hear what it missed, nothing is done.
    if (!this.#routers.isListening) for (const part of this.#parts) part.ring(now)
    this.#arm()
  }

  /** Those of these routers that hold their addresses already, and go on holding them. */
  #holding(routers: readonly VirtualRouterConfig[], resume: readonly { readonly key: string }[]) {
    return routers.filter(
      (router) =>
        this.#routers.byKey.get(keyOf(router))?.state.role === 'active' ||
        resume.some(({ key }) => key === keyOf(router)),
    )
  }

  /** The end of every input. */
  #arm(how: 'lazily' | 'exactly' = 'lazily'): void {
    if (this.#isOver) return
    this.#closeReleased()
    if (this.#time.isTogether) return
    let dueAt: number | null = null
    for (const part of this.#parts) dueAt = earliest(dueAt, part.dueAt())
    if (how === 'lazily' && this.#alarm.ringsBefore(earliest(dueAt, this.#routers.deadlines.notBefore())))
      return
    dueAt = earliest(dueAt, this.#routers.dueAt())
    if (how === 'lazily') this.#alarm.setAtMost(dueAt)
    else this.#alarm.setAt(dueAt)
  }

  /** Once an input, not once a router: a thousand that let go together would each look through all the others. */
  #closeReleased(): void {
    if (this.#hasReleased) this.#closeInterfaces()
  }

  /** Closes what no virtual router uses any more. */
  #closeInterfaces(): void {
    this.#hasReleased = false
    const used = this.#routers.configs()
    this.#reception.configure(used)
    this.#memory.forget()
    this.#interfaces.close(used)
    this.#world.virtualLinks.retain(used)
    this.#delays.keep(this.#interfaces.names())
  }

  /** Another state of a link counts from now on. */
  #linkCounts(interfaceName: string, link: LinkState | null, now: number): void {
    const found = this.#interfaces.get(interfaceName)
    if (found === undefined) return
    const wasUp = found.link?.up ?? false
    found.link = link
    const isUp = link?.up ?? false
    if (isUp !== wasUp) this.#world.journal.append({ kind: 'link', interface: interfaceName, up: isUp }, now)
    this.#routers.linkChanged(interfaceName, link, now)
    if (isUp !== wasUp) this.#routers.followTrackers(now)
  }

  /** Reads a link anew: what counts for its state, and when that was. */
  #readLink(interfaceName: string): { readonly counted: LinkState | null; readonly now: number } {
    const seen = this.#world.links.state(interfaceName)
    const now = this.#record({ kind: 'link', interfaceName, state: seen })
    return { counted: this.#delays.see(interfaceName, seen, now), now }
  }

  #record(input: RecordedInput['input']): number {
    const at = this.#time.now()
    this.#world.recorder.record({ at, input })
    this.#inputAt = at
    return at
  }
}

/**
 * A host and the router process on it, which can be stopped politely, killed, frozen and lost with its host. The
 * process is the product's RouterLoop; around it is what the product's process does at its start and end.
 */

import { afterHandOver } from '@aloft/agent/router/inheritance'
import { adoptable, type HandedOver, type HandedRouter } from '@aloft/agent/router/loop/handed-over'
import { RouterLoop } from '@aloft/agent/router/loop/router-loop'
import { decideResume, type RoleEntry } from '@aloft/agent/router/resume-decision'
import type { Scheduler } from '@aloft/agent/simulated/clock'
import type { SimulatedHost } from '@aloft/agent/simulated/host'
import { NO_VIRTUAL_LINKS } from '@aloft/agent/simulated/virtual-links'
import type { Verdict } from '@aloft/agent/tracking/verdict'
import type { BfdDatagram } from '@aloft/agent/world/bfd-links'
import type { Datagram, RecordedInput, RouterInput } from '@aloft/agent/world/router-world'
import type { AgentSettings, VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { EventBody } from '@aloft/shared/protocol/events'
import { address } from './addresses.ts'
import { FreezableInput } from './freezable-input.ts'
import { type Skew, SkewedClock } from './skewed-clock.ts'

/** One life of a router process. */
export interface Run {
  readonly loop: RouterLoop
  readonly input: FreezableInput
  readonly startedAtMs: number
  /** Times are the host's. */
  readonly journal: { readonly atMs: number; readonly body: EventBody }[]
  /** Filled only when the simulation records: everything that entered the loop. */
  readonly recording: RecordedInput[]
}

/** What a process looks at, in the moment before it does. */
export type Hearing =
  | { readonly kind: 'advertisement'; readonly datagram: Datagram }
  | { readonly kind: 'bfd'; readonly datagram: BfdDatagram }

export interface NodeOptions {
  readonly host: SimulatedHost
  readonly time: Scheduler
  readonly skew: Skew
  readonly routers: readonly VirtualRouterConfig[]
  readonly settings: AgentSettings
  readonly records?: boolean
  readonly observe: (node: Node, body: EventBody) => void
  readonly hear: (node: Node, hearing: Hearing) => void
}

/** What a node's trackers say: a number that is added to its priorities, and a check of weight 0. */
export interface Tracked {
  readonly level: number
  readonly isWell: boolean
}

const FINE: Tracked = { level: 0, isWell: true }
/** A steward that starts has run its first scripts by then. */
const FIRST_REPORT_MS = 3
/** The product writes its heartbeat this often, so that a successor's idea of the gap is up to so much too long. */
const HEARTBEAT_MS = 100

/** A name may stand for a router of each family. */
export function idOf({ name, family }: Pick<VirtualRouterConfig, 'name' | 'family'>): string {
  return `${name} ${family}`
}

export class Node {
  readonly name: string
  readonly host: SimulatedHost
  readonly clock: SkewedClock
  routers: readonly VirtualRouterConfig[]
  run: Run | null = null
  /** The last time the process was frozen, woken or reconfigured, in true time: deadlines around it say nothing. */
  disturbedAtMs = Number.NEGATIVE_INFINITY
  /** When its priorities moved last, in true time: waits that were under way then are neither the old nor the new. */
  movedAtMs = Number.NEGATIVE_INFINITY
  /** It was told to stop, and has not let go of everything yet. */
  isStopping = false
  #startsAgain = false
  #handed: HandedOver | null = null
  /** What this run goes on with, as the one before handed it over. */
  adopted: readonly HandedRouter[] = []
  readonly #options: NodeOptions
  /** What its trackers come to now, and what its router was told of them last. */
  #tracked = FINE
  #told: Tracked | null = null
  #boot = 1
  #roles = new Map<string, RoleEntry>()
  #left: { readonly heartbeatMs: number; readonly boot: number } | null = null

  constructor(options: NodeOptions) {
    this.#options = options
    this.name = options.host.name
    this.host = options.host
    this.routers = options.routers
    this.clock = new SkewedClock(options.time, options.skew)
  }

  /** The names of the routers (of either family) that are active together with this one; empty: it moves on its own. */
  groupOf(name: string): readonly string[] {
    return this.#options.settings.syncGroups.find(({ members }) => members.includes(name))?.members ?? []
  }

  /** What is added to the priorities of its routers: what the router process goes by. */
  get level(): number {
    return this.#told?.level ?? 0
  }

  /** Its trackers come to something else now. */
  track(tracked: Tracked): void {
    this.#tracked = tracked
    this.#report()
  }

  /** Its check is well again; the priorities stay where they are. */
  mend(): void {
    this.track({ ...this.#tracked, isWell: true })
  }

  get isRunning(): boolean {
    return this.run !== null && !this.run.input.isFrozen
  }

  /** Killed, not stopped: what it held is still on the host. */
  get mayLeaveAddresses(): boolean {
    return this.#left !== null
  }

  /** Starts a process, as the product's does: leftovers first, then the configuration, then what it resumes. */
  start(): void {
    if (this.isStopping) this.#startsAgain = true
    if (this.run) return
    const handed = this.#handed
    this.#handed = null
    if (handed) this.disturbedAtMs = this.#options.time.now()
    this.adopted = adoptable(handed, this.#question())
    const inheritance = handed ? afterHandOver(this.adopted, this.#question()) : this.#inheritance()
    // Verdicts outlive a process that was killed, and nothing else (router/verdict-keeper.ts).
    const isHeir = this.#left?.boot === this.#boot
    if (!isHeir) this.#told = null
    this.#roles = new Map()
    const run = this.#newRun()
    this.run = run
    this.host.connect(run.input)
    for (const { interfaceName, addresses } of inheritance.release)
      this.host.release({
        holder: 'left behind',
        addresses: addresses.map((each) => ({ ...each, device: interfaceName })),
        routes: [],
        rules: [],
        leaseMs: null,
        promoteSecondaries: false,
      })
    if (this.#told !== null) run.loop.tracked(verdictsOf(this.#told))
    for (const { config, state } of this.adopted) {
      const { name, interface: interfaceName, vrid, family, addresses } = config
      this.#roles.set(idOf(config), {
        name,
        interface: interfaceName,
        vrid,
        family,
        addresses,
        role: state.role,
      })
    }
    run.loop.configure(this.routers, {
      resume: inheritance.resume,
      adopted: this.adopted,
      settings: this.#options.settings,
    })
    const { time } = this.#options
    time.at(time.now() + FIRST_REPORT_MS, () => this.#report())
  }

  /** SIGTERM: resigns, releases when it may, then ends. A frozen process hears it only when it wakes. */
  stop(): void {
    const { run } = this
    if (!run || this.isStopping) return
    this.thaw()
    this.isStopping = true
    run.loop.shutdown(() => {
      if (this.run !== run) return
      this.#end()
      this.#left = null
      const startsAgain = this.#startsAgain
      this.#startsAgain = false
      if (startsAgain) this.start()
    })
  }

  /**
   * SIGKILL: the process ends between two instructions; its host goes on holding the addresses, and its steward says
   * the farewells that it was given (decision 0016).
   */
  kill(): void {
    const farewells = this.run?.loop.farewells() ?? []
    this.#die()
    for (const { interface: interfaceName, local, remote, payload } of farewells) {
      const path = {
        interfaceName,
        local: address(local),
        remote: address(remote),
        hops: 'single-hop',
      } as const
      this.host.bfd.send({ ...path, ttl: 255, onLinkOnly: true }, Buffer.from(payload, 'hex'))
    }
  }

  #die(): void {
    if (!this.run) return
    const lastSignOfLifeMs = this.run.input.frozenAtMs ?? this.clock.now()
    const heartbeatMs = Math.max(lastSignOfLifeMs - HEARTBEAT_MS, this.run.startedAtMs)
    this.#left = { heartbeatMs, boot: this.#boot }
    this.#startsAgain = false
    this.#end()
  }

  /** Hands over to a process that is started next, and is perhaps held up before it is. */
  handOver(): void {
    if (!this.isRunning || this.isStopping || !this.run) return
    const routers = this.run.loop.handOver()
    this.#handed = { bootId: `boot${this.#boot}`, atMonoMs: this.clock.now(), routers }
    this.#left = { heartbeatMs: this.clock.now(), boot: this.#boot }
    this.#end()
  }

  /** The power fails. */
  crash(): void {
    this.#die()
    this.#boot += 1
    this.host.powerOff()
  }

  /** SIGSTOP. */
  freeze(): void {
    this.disturbedAtMs = this.#options.time.now()
    this.run?.input.freeze(this.clock.now())
  }

  /** SIGCONT. */
  thaw(): void {
    if (!this.run?.input.isFrozen) return
    this.disturbedAtMs = this.#options.time.now()
    this.run.input.thaw()
    this.#report()
  }

  reconfigure(routers: readonly VirtualRouterConfig[]): void {
    this.routers = routers
    // A timer is never moved into the past, so that one may fire later than it would have.
    this.disturbedAtMs = this.#options.time.now()
    if (!this.isStopping) this.run?.loop.configure(routers, { settings: this.#options.settings })
  }

  #report(): void {
    if (!this.isRunning || this.isStopping) return
    if (this.#told?.level === this.#tracked.level && this.#told.isWell === this.#tracked.isWell) return
    // A priority that rises may make a deadline that has passed already.
    if (this.#told?.level !== this.#tracked.level) this.movedAtMs = this.#options.time.now()
    this.#told = this.#tracked
    this.run?.loop.tracked(verdictsOf(this.#tracked))
  }

  #newRun(): Run {
    const { clock, host } = this
    const startedAtMs = clock.now()
    const journal: Run['journal'] = []
    const recording: RecordedInput[] = []
    const forward: RouterInput = {
      datagram: (datagram) => {
        this.#options.hear(this, { kind: 'advertisement', datagram })
        loop.datagram(datagram)
      },
      together: (deliver) => loop.together(deliver),
      undecodable: (packet) => loop.undecodable(packet),
      bfd: (datagram) => {
        this.#options.hear(this, { kind: 'bfd', datagram })
        loop.bfd(datagram)
      },
      linkChanged: (interfaceName) => loop.linkChanged(interfaceName),
      holdingFailed: (failure) => loop.holdingFailed(failure),
      holdingLost: (loss) => loop.holdingLost(loss),
      virtualLinkChanged: (router) => loop.virtualLinkChanged(router),
      alarm: () => loop.alarm(),
    }
    const input = new FreezableInput(forward)
    const loop = new RouterLoop({
      clock,
      alarm: clock.alarm(() => input.alarm()),
      links: host,
      bfd: host.bfd,
      holdings: host,
      virtualLinks: NO_VIRTUAL_LINKS,
      journal: {
        append: (body, atMs) => {
          journal.push({ atMs, body })
          this.#remember(body)
          this.#options.observe(this, body)
        },
      },
      recorder: {
        record: (entry) => {
          if (this.#options.records) recording.push(entry)
        },
      },
    })
    return { loop, input, startedAtMs, journal, recording }
  }

  #end(): void {
    this.run?.input.close()
    this.host.disconnect()
    this.run = null
    this.isStopping = false
  }

  #inheritance(): ReturnType<typeof decideResume> {
    const left = this.#left
    return decideResume({
      ...this.#question(),
      left: left && { runId: 'before', bootId: `boot${left.boot}`, routers: [...this.#roles.values()] },
      heartbeat: left && { runId: 'before', bootId: `boot${left.boot}`, atMonoMs: left.heartbeatMs },
    })
  }

  #question() {
    return {
      bootId: `boot${this.#boot}`,
      nowMs: this.clock.now(),
      routers: this.routers,
      held: this.routers.map((router) => ({
        interfaceName: router.interface,
        addresses: router.addresses.filter(({ address }) =>
          this.host.held(router.interface).some((held) => held.address === address),
        ),
      })),
    }
  }

  /** What the product keeps in `router-state.json`. */
  #remember(body: EventBody): void {
    if (body.kind !== 'transition' && body.kind !== 'resumed') return
    const config = this.routers.find((router) => idOf(router) === idOf({ ...body, name: body.virtualRouter }))
    if (!config) return
    const { name, interface: interfaceName, vrid, family, addresses } = config
    const role = body.kind === 'transition' ? body.to : body.role
    this.#roles.set(idOf(config), { name, interface: interfaceName, vrid, family, addresses, role })
  }
}

function verdictsOf({ level, isWell }: Tracked): readonly Verdict[] {
  return [
    { kind: 'file', name: 'level', state: 'up', value: level },
    { kind: 'script', name: 'check', state: isWell ? 'up' : 'down', value: null },
  ]
}

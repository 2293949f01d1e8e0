/**
 * The router process: one loop, its world, and what lets the process end at any instruction without harm. The parts
 * know nothing of each other; the order of steps in `start` and `stop` is the point of this file.
 */
import { randomBytes } from 'node:crypto'
import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import type { Address } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import type { Verdict } from '../tracking/verdict.ts'
import type { Holding } from '../world/holdings.ts'
import type { Clock, Journal, Recorder, RouterInput, RouterWorld } from '../world/router-world.ts'
import { bootId } from './boot-identity.ts'
import type { RouterStatus } from './contract.ts'
import { handleMessage } from './control-messages.ts'
import { type Client, type ControlSocket, openControlSocket } from './control-socket.ts'
import { FarewellTeller } from './farewells.ts'
import { FlightRecorder } from './flight-recorder.ts'
import { startHeartbeat } from './heartbeat.ts'
import { keptIn } from './host-changes-file.ts'
import { afterHandOver, readInheritance } from './inheritance.ts'
import { type DroppedDatagram, guardDatagrams } from './input-guard.ts'
import { Lateness, timeAlarm } from './lateness.ts'
import type { StepDownOrder } from './loop/departures.ts'
import { adoptable, type HandedOver, type HandedRouter, holdsAddresses } from './loop/handed-over.ts'
import { staticHolding } from './loop/holding-loss.ts'
import { holdingOf } from './loop/holding-of.ts'
import { keyOf } from './loop/instance.ts'
import type { RouterLoop } from './loop/router-loop.ts'
import { Observations } from './observations.ts'
import type { InterfaceAddresses, Resumption } from './resume-decision.ts'
import {
  isGivenTo,
  isOwned,
  loadRunningConfig,
  type RunningConfig,
  saveRunningConfig,
} from './running-config.ts'
import type { StatePaths } from './state-directory.ts'
import { StewardGuard } from './steward-guard.ts'
import { VerdictKeeper } from './verdict-keeper.ts'

/** The loop, as this process uses it. */
export type Loop = RouterInput &
  Pick<RouterLoop, 'configure' | 'farewells' | 'handOver' | 'shutdown' | 'status' | 'stepDown' | 'tracked'>

/** A world that starts to tell once it is asked to. */
export interface World {
  readonly world: RouterWorld
  listen(input: RouterInput): void
  /** Virtual addresses that are on this host's interfaces and that its configuration gives to a virtual router. */
  held(): readonly InterfaceAddresses[]
  /** Removes addresses that were on the host at a start and that nobody may hold now, but for a host's own. */
  removeLeft(left: Holding): void
  /** Removes routes and rules that a router before us left, but for what these hold. */
  removeLeftRouting(kept: readonly Holding[]): void
  /** What was handed over has been sent; sockets are closed. Addresses stay as they are. */
  close(): void
}

export interface WorldParts {
  readonly journal: Journal
  readonly recorder: Recorder
  /** Whether the running configuration gives this address to a virtual router. */
  isVirtual(interfaceName: string, address: Address): boolean
  /** Whether that may be the host's own address as well. */
  isOwned(interfaceName: string, address: Address): boolean
  /** Keeps what was changed on the host, for whoever has to undo it. */
  readonly changes: { load(): unknown; save(value: unknown): void }
}

/** Everything that differs between a real router process and a test of this file. */
export interface RouterEnvironment {
  readonly paths: StatePaths
  readonly clock: Clock
  readonly createWorld: (parts: WorldParts) => World
  readonly createLoop: (world: RouterWorld) => Loop
  readonly realtime: RouterStatus['realtime']
  readonly startSteward: (() => void) | null
  /** A folder for recordings of every input; null: only the ring. */
  readonly recordTo: string | null
  readonly log: (text: string) => void
  /** Starts a process that will ask to take this one's place. */
  readonly startSuccessor: () => void
  /** The state directory is that process's from now on. */
  readonly passLock: (pid: number) => void
  /** The process has stopped cleanly. */
  readonly stopped: () => void
}

/** A flood of inputs that make the loop throw is one bug: one recording a minute is enough to find it. */
const DUMP_EVERY_MS = 60_000

export class RouterProcess {
  readonly runId = randomBytes(6).toString('hex')
  readonly #environment: RouterEnvironment
  readonly #startedWallMs: number
  readonly #observations: Observations
  readonly #recorder: FlightRecorder
  readonly #lateness = new Lateness()
  readonly #stewards: StewardGuard
  readonly #verdicts: VerdictKeeper
  readonly #clients = new Set<Client>()
  readonly #world: World
  readonly #loop: Loop
  readonly #input: RouterInput
  #running: RunningConfig | null = null
  #socket: ControlSocket | null = null
  #heartbeat: ReturnType<typeof startHeartbeat> | null = null
  #isStopping = false
  #isStopped = false
  #inputErrors = 0
  #dumpedAtMs = Number.NEGATIVE_INFINITY

  constructor(environment: RouterEnvironment) {
    const { paths, clock, recordTo, log } = environment
    const identity = { runId: this.runId, bootId: bootId() }
    this.#environment = environment
    this.#startedWallMs = clock.wallMs()
    this.#recorder = new FlightRecorder({ ...identity, folder: recordTo })
    this.#observations = new Observations({
      paths,
      identity,
      clock,
      log,
      ring: () => this.#ring(),
      paced: (isActive) => this.#heartbeat?.pace(isActive),
    })
    this.#stewards = this.#guardStewards()
    this.#verdicts = new VerdictKeeper(paths, bootId())
    this.#running = loadRunningConfig(paths.runningConfig)
    this.#world = environment.createWorld({
      journal: this.#observations,
      recorder: this.#recorder,
      isVirtual: (interfaceName, address) => isGivenTo(this.#running, interfaceName, address),
      isOwned: (interfaceName, address) => isOwned(this.#running, interfaceName, address),
      changes: keptIn(paths.hostChanges),
    })
    const timed = timeAlarm(this.#world.world, this.#lateness)
    this.#loop = environment.createLoop(timed.world)
    const guarded = timed.input(guardDatagrams(this.#loop, (dropped) => this.#dropped(dropped)))
    this.#input = this.#tellingFarewells().follow(guarded)
  }

  /** Boots from what the state directory holds. Rejects when the control socket cannot be opened. */
  async start(handed: HandedOver | null = null): Promise<void> {
    const { paths, clock, startSteward } = this.#environment
    const { runId } = this
    const running = this.#running
    const question = {
      bootId: bootId(),
      nowMs: clock.now(),
      routers: running?.config.virtualRouters ?? [],
      held: this.#world.held(),
    }
    const adopted = adoptable(handed, question)
    const { resume, release } = handed ? afterHandOver(adopted, question) : readInheritance(paths, question)
    const detail = handed ? `pid ${process.pid}, in the place of another` : `pid ${process.pid}`
    this.#observations.observe({ kind: 'process', process: 'router', what: 'started', runId, detail })
    this.#release(release)
    this.#world.removeLeftRouting(this.#keptBy([...resume, ...adopted.filter(holdsAddresses)]))
    this.#world.listen(this.#input)
    const inherited = this.#verdicts.inherit(clock.now())
    if (inherited.length > 0) this.#loop.tracked(inherited)
    this.#observations.adopt(adopted.map(({ config, state }) => ({ config, role: state.role })))
    if (running) this.#run(running, { resume, adopted })
    // Only now: until the resumed routers advertise again, the dead one's last sign of life is the true one.
    this.#observations.writeRoles()
    this.#heartbeat = startHeartbeat(paths.routerAlive, { runId, bootId: bootId(), now: () => clock.now() })
    this.#heartbeat.pace(this.#observations.isActive)
    this.#socket = await this.#openSocket()
    if (startSteward) this.#stewards.expect()
  }

  /**
   * Resigns, and once its successors are there gives the addresses back and says goodbye. `now`: it waits for no
   * successor, or no longer.
   */
  stop({ now = false } = {}): void {
    if (this.#isStopped || (this.#isStopping && !now)) return
    const wasStopping = this.#isStopping
    this.#isStopping = true
    this.#stewards.stop()
    this.#loop.shutdown(() => this.#end())
    if (now && !wasStopping) this.#loop.shutdown()
  }

  #end(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    const { runId } = this
    this.#observations.observe({ kind: 'process', process: 'router', what: 'stopped', runId, detail: null })
    this.#observations.close()
    this.#heartbeat?.stop()
    this.#verdicts.forget()
    for (const client of this.#clients) client.send({ kind: 'goodbye' })
    this.#socket?.close()
    this.#world.close()
    this.#recorder.close()
    this.#environment.stopped()
  }

  /** Ends without a word on the LAN: the process at the other end of `successor` goes on with what it is told. */
  #handOver(successor: Client, pid: number): void {
    if (this.#isStopping || this.#isStopped) return
    this.#isStopping = true
    this.#isStopped = true
    const { clock, passLock, stopped } = this.#environment
    const handed: HandedOver = { bootId: bootId(), routers: this.#loop.handOver(), atMonoMs: clock.now() }
    this.#world.close()
    this.#stewards.stop()
    this.#heartbeat?.stop()
    const { runId } = this
    const detail = `replaced by pid ${pid}`
    this.#observations.observe({ kind: 'process', process: 'router', what: 'stopped', runId, detail })
    this.#observations.close()
    passLock(pid)
    for (const client of this.#clients) {
      client.send(client === successor ? { kind: 'handed-over', handed } : { kind: 'goodbye' })
    }
    this.#socket?.close()
    this.#recorder.close()
    stopped()
  }

  #replace(): string | null {
    if (this.#isStopping) return 'the router is stopping'
    this.#environment.startSuccessor()
    return null
  }

  /** Called when the process cannot go on: leaves what is needed to find out why. Touches no address and no socket. */
  crash(error: unknown): void {
    const { log } = this.#environment
    log(`crashed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    this.#observations.flush()
    this.#tryDump('crash')
  }

  status(): RouterStatus {
    const { clock, realtime } = this.#environment
    return {
      runId: this.runId,
      pid: process.pid,
      startedWallMs: this.#startedWallMs,
      revision: this.#running?.revision ?? null,
      realtime,
      lateness: this.#lateness.figures(clock.now()),
      journal: this.#observations.condition,
      inputErrors: this.#inputErrors,
      ...this.#loop.status(),
    }
  }

  #tellingFarewells(): FarewellTeller {
    return new FarewellTeller(
      () => this.#loop.farewells(),
      (farewells) => {
        for (const client of this.#clients) client.send({ kind: 'farewells', farewells })
      },
    )
  }

  #guardStewards(): StewardGuard {
    const { clock, log, startSteward } = this.#environment
    return new StewardGuard({
      now: () => clock.now(),
      start: () => {
        if (!startSteward) return
        log('the steward is gone; starting another')
        startSteward()
      },
      lost: ({ runId, pid }) => {
        const detail = `pid ${pid}`
        this.#observations.observe({ kind: 'process', process: 'steward', what: 'lost', runId, detail })
      },
    })
  }

  #openSocket(): Promise<ControlSocket> {
    const actions = {
      configure: (running: RunningConfig) => this.#configure(running),
      tracked: (verdicts: readonly Verdict[]) => this.#tracked(verdicts),
      status: () => this.status(),
      dump: () => this.#dump('asked'),
      shutdown: (now: boolean) => this.stop({ now }),
      stepDown: (order: StepDownOrder) => this.#loop.stepDown(order),
      replace: () => this.#replace(),
      handOver: (client: Client, pid: number) => this.#handOver(client, pid),
    }
    return openControlSocket(this.#environment.paths.routerSocket, {
      opened: (client) => {
        this.#clients.add(client)
        const revision = this.#running?.revision ?? null
        const { verdicts } = this.#verdicts
        client.send({ kind: 'hello', runId: this.runId, pid: process.pid, revision, verdicts })
        client.send({ kind: 'farewells', farewells: this.#loop.farewells() })
      },
      message: (client, message) => handleMessage({ actions, stewards: this.#stewards }, client, message),
      closed: (client) => {
        this.#clients.delete(client)
        this.#stewards.closed(client)
      },
    })
  }

  /** Kept first, run then: a router never runs what it could not boot from. */
  #configure(running: RunningConfig): void {
    if (this.#isStopping) throw new Error('the router is stopping')
    if (this.#running?.revision === running.revision) return
    const isFirst = this.#running === null
    saveRunningConfig(this.#environment.paths.runningConfig, running)
    this.#running = running
    // Without a configuration to boot from, what a predecessor left could not be told from other addresses until now.
    if (isFirst) {
      this.#release(this.#world.held())
      this.#world.removeLeftRouting(this.#keptBy([]))
    }
    this.#run(running, {})
    const { revision } = running
    this.#observations.observe({ kind: 'config', revision, outcome: 'running', detail: null })
  }

  #run(
    running: RunningConfig,
    before: { readonly resume?: readonly Resumption[]; readonly adopted?: readonly HandedRouter[] },
  ): void {
    this.#running = running
    this.#observations.configured(running.config.virtualRouters)
    const { node: _, virtualRouters, ...settings } = running.config
    this.#loop.configure(virtualRouters, { ...before, settings: { ...AGENT_DEFAULTS, ...settings } })
  }

  #release(leftBehind: readonly InterfaceAddresses[]): void {
    for (const { interfaceName, addresses } of leftBehind) {
      if (addresses.length > 0) this.#world.removeLeft(leftOn(interfaceName, addresses))
    }
  }

  #tracked(verdicts: readonly Verdict[]): void {
    if (this.#isStopping) return
    this.#loop.tracked(verdicts)
    this.#verdicts.keep(verdicts)
  }

  /** Routers that go on hold what they held; what the node holds whoever is active, it goes on holding. */
  #keptBy(resume: readonly { readonly key: string }[]): readonly Holding[] {
    const config = this.#running?.config
    if (config === undefined) return []
    const resumed = config.virtualRouters.filter((each) => resume.some(({ key }) => key === keyOf(each)))
    return [staticHolding(config.static), ...resumed.map(holdingOf)]
  }

  #ring(): void {
    for (const client of this.#clients) client.send({ kind: 'journal' })
  }

  #dropped({ datagram, error }: DroppedDatagram): void {
    const { log, clock } = this.#environment
    this.#inputErrors += 1
    if (clock.now() - this.#dumpedAtMs < DUMP_EVERY_MS) return
    this.#dumpedAtMs = clock.now()
    log(`dropped a datagram from ${datagram.source} on ${datagram.interfaceName}: ${String(error)}`)
    this.#tryDump('dropped-datagram')
  }

  #tryDump(why: string): void {
    const { log } = this.#environment
    try {
      log(`recording: ${this.#dump(why)}`)
    } catch (error) {
      log(`no recording could be written: ${String(error)}`)
    }
  }

  #dump(why: string): string {
    const { paths, clock } = this.#environment
    return this.#recorder.dump(paths.recordings, why, clock.wallMs())
  }
}

/** What a router before this one left on an interface, as a holding to give back. */
function leftOn(device: string, addresses: readonly Prefix[]): Holding {
  return {
    holder: 'left behind',
    addresses: addresses.map((each) => ({ ...each, device })),
    routes: [],
    rules: [],
    leaseMs: null,
    promoteSecondaries: false,
  }
}

/**
 * One seed, whole: a LAN made from it, a while of faults, a while of peace in which everything must settle, the death
 * of every active, and a polite end. Invariants are checked after every step.
 */
import { type Entropy, integer, pick, seededEntropy } from '@aloft/agent/simulated/entropy'
import { endFaults, scheduleFaults } from './faults.ts'
import { prepareFailover } from './final-exam.ts'
import { Invariants } from './invariants.ts'
import { LanSimulation, type Sight } from './lan-simulation.ts'
import { BrokenInvariant } from './members.ts'
import { makePlan, type Plan } from './plan.ts'
import { checkReplay } from './replayed.ts'
import { checkSettled, settleIntervals, unpaired } from './settled.ts'

export interface Outcome {
  readonly seed: number
  readonly virtualMs: number
  readonly events: number
  readonly transitions: number
  /** Milliseconds during which two nodes that heard each other were active for one router. */
  readonly overlapMs: number
  /** How often BFD lost an active, how often that was none, and how many of those killed in the end it told of. */
  readonly losses: number
  readonly falseAlarms: number
  readonly pairedFailovers: number
  readonly broken: { readonly invariant: string; readonly atMs: number } | null
}

const FAULT_INTERVALS = 60
/** An agent has let go so long after it was told to stop, whatever its advertisement interval. */
const STOP_MS = 5_200
/** What a run of these dimensions needs is below a tenth of it: more is a storm. Pairing alone sends a dozen times as much. */
const EVENTS_MAX = 120_000
const PAIRED_EVENTS_MAX = 1_500_000
const ASKED_AGAIN_MS = 65_000

export function runSeed(seed: number, watch?: (sight: Sight) => void): Outcome {
  const entropy = seededEntropy(seed)
  const plan = makePlan(entropy)
  const simulation = new LanSimulation(plan.nodes, { entropy, records: seed % 10 === 0 })
  const run = new SimulationRun(simulation, plan, entropy)
  if (watch) simulation.watch(watch)
  let broken: Outcome['broken'] = null
  try {
    run.live()
  } catch (error) {
    if (!(error instanceof BrokenInvariant)) throw error
    broken = { invariant: error.message, atMs: simulation.time.now() }
  }
  const { events, invariants } = run
  return {
    seed,
    virtualMs: simulation.time.now(),
    events,
    transitions: invariants.transitions,
    overlapMs: invariants.overlapMs,
    losses: invariants.pairing.losses,
    falseAlarms: invariants.pairing.falseAlarms,
    pairedFailovers: run.pairedFailovers,
    broken,
  }
}

class SimulationRun {
  readonly invariants: Invariants
  events = 0
  pairedFailovers = 0
  readonly #simulation: LanSimulation
  readonly #plan: Plan
  readonly #entropy: Entropy
  readonly #eventsMax: number

  constructor(simulation: LanSimulation, plan: Plan, entropy: Entropy) {
    this.#simulation = simulation
    this.#plan = plan
    this.#entropy = entropy
    this.invariants = new Invariants(simulation, plan)
    const isPaired = plan.nodes.some(({ routers }) => routers.some(({ pairing }) => pairing !== null))
    this.#eventsMax = isPaired ? PAIRED_EVENTS_MAX : EVENTS_MAX
    simulation.watch((sight) => this.invariants.see(sight))
  }

  live(): void {
    const { intervalMsMax } = this.#plan
    const simulation = this.#simulation
    for (const segment of this.#plan.segments) simulation.lan.setConditions(segment, this.#plan.conditions)
    for (const node of simulation.nodes) {
      const atMs = integer(this.#entropy, 0, 3) * intervalMsMax * this.#entropy.next()
      simulation.time.at(atMs, () => simulation.intervene(`start ${node.name}`, () => node.start()))
    }
    const untilMs = FAULT_INTERVALS * intervalMsMax
    scheduleFaults({ simulation, entropy: this.#entropy, intervalMs: intervalMsMax, untilMs })
    this.#advance(untilMs)
    this.#settle()
    if (!this.#plan.hasTwins) this.#killAnActive()
    this.#end()
  }

  /** From here on nothing goes wrong but delays; so everything must come to rest, and stay there. */
  #settle(): void {
    const simulation = this.#simulation
    const { delayMs } = this.#plan.conditions
    simulation.intervene('all faults end', () => endFaults(simulation))
    for (const segment of this.#plan.segments) {
      simulation.lan.setConditions(segment, { loss: 0, duplication: 0, delayMs })
    }
    const { intervalMsMax } = this.#plan
    this.#advance(simulation.time.now() + settleIntervals(simulation) * intervalMsMax + 2 * delayMs[1])
    if (!this.#plan.hasTwins) this.invariants.beginRest()
    // Announcements are repeated five seconds after a router became active, for hosts that missed the first.
    this.#advance(simulation.time.now() + 6 * intervalMsMax + 6000)
    if (!this.#plan.hasTwins) this.#awaitPairing()
    if (!this.#plan.hasTwins) checkSettled(this.invariants, this.#plan.conditions.loss === 0)
    this.invariants.endRest()
  }

  /** Whoever was not answered for a minute is asked once a minute (decision 0016). */
  #awaitPairing(): void {
    const untilMs = this.#simulation.time.now() + ASKED_AGAIN_MS
    while (unpaired(this.invariants).length > 0 && this.#simulation.time.now() < untilMs)
      this.#advance(this.#simulation.time.now() + 1000)
  }

  #killAnActive(): void {
    const simulation = this.#simulation
    const actives = simulation.nodes.filter((node) => this.invariants.isActiveAnywhere(node))
    if (actives.length === 0) return
    const victim = pick(this.#entropy, actives)
    const exam = prepareFailover(simulation, this.invariants, victim)
    this.pairedFailovers = exam.paired
    simulation.intervene(`crash ${victim.name}`, () => victim.crash())
    this.#advance(exam.atMs)
    exam.check()
  }

  #end(): void {
    const simulation = this.#simulation
    for (const node of simulation.nodes) {
      if (node.run) checkReplay(node)
      simulation.intervene(`stop ${node.name}`, () => node.stop())
      this.invariants.check()
    }
    // Everybody stops: each waits as long as a successor could take.
    this.#advance(simulation.time.now() + STOP_MS)
    this.invariants.checkNothingIsHeld()
  }

  #advance(untilMs: number): void {
    while (this.#simulation.time.runNext(untilMs)) {
      this.events += 1
      if (this.events > this.#eventsMax)
        throw new BrokenInvariant(`more than ${this.#eventsMax} events: a storm`)
      this.invariants.check()
    }
  }
}

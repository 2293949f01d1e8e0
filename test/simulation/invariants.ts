/**
 * What must hold of a LAN at every step, whatever befalls it. What must hold of single transitions is in
 * transition-rules.ts; what must hold only once things have settled, in settled.ts.
 */
import { portName } from '@aloft/agent/simulated/host'
import { LINGER_MS } from '@aloft/agent/vrrp/departure'
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { EventBody, Role, TransitionBody } from '@aloft/shared/protocol/events'
import type { LanSimulation, Sight } from './lan-simulation.ts'
import type { Node, Run } from './node.ts'
import type { Plan } from './plan.ts'
import { type DeedOfRouter, ruleBrokenBy } from './transition-rules.ts'

/** Something that must never be was. The message names the invariant and the circumstances. */
export class BrokenInvariant extends Error {}

/** One virtual router on one node, as far as it can be told from outside. */
export interface Member {
  readonly node: Node
  readonly name: string
  readonly group: Group
  run: Run | null
  role: Role
  /** In host time. */
  backupSinceMs: number
  /** In true time. */
  lastSentMs: number
  lastAnnouncedMs: number
  /** Until when, in true time, it may hold its addresses without being active. */
  mayHoldUntilMs: number
  /** How it ceased to be active; null while it is, and where it never was. */
  leftBy: TransitionBody['reason'] | null
  /** Whom its word on leaving could reach. */
  leftBefore: readonly Member[]
  /** When, as an active, it could last hear another active's advertisement. */
  provokedAtMs: number
  sent: number
  becameActive: number
  readonly sentAtMs: number[]
  /** What it did in this instant since its last journal entry. */
  deeds: DeedOfRouter[]
}

/** The same virtual router on every node of a segment. */
export interface Group {
  readonly name: string
  readonly members: Member[]
  /** When, in true time, one of them became active. */
  readonly activations: number[]
}

/** Advertisements of one router within its own interval; two re-assertions, answers to resignations, take-overs. */
const BURST_MAX = 12
/** At 10 % loss, so many advertisements of the better one in a row are lost once in a hundred million times. */
const OVERLAP_INTERVALS_MAX = 8
/** What an active that leaves adds to the longest wait of its successor; and clocks that run differently. */
const HOLDING_MARGIN_MS = 110
const TICK_MS = 0.1

export class Invariants {
  transitions = 0
  overlapMs = 0
  readonly groups: readonly Group[]
  readonly #simulation: LanSimulation
  readonly #plan: Plan
  readonly #members = new Map<string, Member>()
  readonly #overlapSinceMs = new Map<string, number>()
  #isResting = false
  #deedsAtMs = -1
  #touched: Member | null = null

  constructor(simulation: LanSimulation, plan: Plan) {
    this.#simulation = simulation
    this.#plan = plan
    const groups = new Map<string, Group>()
    for (const node of simulation.nodes)
      for (const { name } of node.routers) {
        const group = groups.get(name) ?? { name, members: [], activations: [] }
        groups.set(name, group)
        const member = newMember(node, name, group)
        group.members.push(member)
        this.#members.set(`${node.name} ${name}`, member)
      }
    this.groups = [...groups.values()]
  }

  see(sight: Sight): void {
    if (sight.kind === 'intervention') return
    if (sight.atMs !== this.#deedsAtMs) this.#forgetDeeds(sight.atMs)
    if (sight.kind === 'deed') this.#seeDeed(sight.node, sight)
    else this.#seeJournal(sight.node, sight.body, sight.atMs)
  }

  /** Everything that must hold between two steps. */
  check(): void {
    for (const node of this.#simulation.nodes) this.#checkGroups(node)
    for (const group of this.groups) {
      for (const member of group.members) this.#checkHolding(member)
      this.#checkOverlap(group)
      if (this.#isResting) expectOneActive(group)
    }
    if (this.#touched) checkCounters(this.#touched)
    this.#touched = null
  }

  /** From now on no role may change. */
  beginRest(): void {
    this.#isResting = true
  }

  endRest(): void {
    this.#isResting = false
  }

  isActiveAnywhere(node: Node): boolean {
    return [...this.#members.values()].some((member) => member.node === node && member.role === 'active')
  }

  checkNothingIsHeld(): void {
    for (const node of this.#simulation.nodes) {
      const [left] = node.host.held()
      if (left) throw new BrokenInvariant(`every acquire has a release: ${node.name} left ${left.address}`)
    }
  }

  #seeDeed(node: Node, { deed, atMs }: Extract<Sight, { kind: 'deed' }>): void {
    const config =
      deed.did === 'send'
        ? node.routers.find((r) => r.interface === deed.interfaceName && r.vrid === deed.payload[1])
        : node.routers.find((r) => r.addresses.some(({ address }) => deed.addresses.includes(address)))
    const member = config && this.#members.get(`${node.name} ${config.name}`)
    if (!config || !member) throw new BrokenInvariant(`a deed of no router: ${node.name} did ${deed.did}`)
    this.#renew(member)
    member.deeds.push(deed.did === 'send' ? { did: 'send', priority: deed.payload[2] ?? -1 } : deed)
    if (deed.did === 'announce' && node.host.state(config.interface)?.up) member.lastAnnouncedMs = atMs
    if (deed.did !== 'send') return
    if (deed.payload[2] !== 0) this.#provoke(member, atMs)
    member.lastSentMs = atMs
    if (deed.sent) member.sent += 1
    limitBurst(member, config, atMs)
  }

  #seeJournal(node: Node, body: EventBody, atMs: number): void {
    if (body.kind !== 'transition' && body.kind !== 'resumed') return
    const member = this.#members.get(`${node.name} ${body.virtualRouter}`)
    if (!member) throw new BrokenInvariant(`the journal names no router of its node: ${body.virtualRouter}`)
    this.#renew(member)
    if (body.kind === 'transition') this.#seeTransition(member, body, atMs)
    else {
      if (member.role !== 'initialize') throw new BrokenInvariant(`${node.name} resumed in ${member.role}`)
      member.role = body.role
    }
    member.deeds = []
    this.#touched = member
  }

  #seeTransition(member: Member, body: Extract<EventBody, { kind: 'transition' }>, atMs: number): void {
    this.transitions += 1
    const rule = ruleBrokenBy(member, body, { atMs, plan: this.#plan })
    if (rule !== null) {
      throw new BrokenInvariant(`${rule}: ${member.node.name} ${member.name} ${JSON.stringify(body)}`)
    }
    if (this.#isResting) {
      const { from, to, reason } = body
      throw new BrokenInvariant(
        `nothing changes at rest: ${member.node.name} ${member.name} ${from} → ${to}, ${reason}`,
      )
    }
    member.role = body.to
    if (body.from === 'active' || body.to === 'active') {
      member.leftBy = body.to === 'active' ? null : body.reason
      member.leftBefore = member.group.members.filter((other) => this.#canHear(other, member))
    }
    const isReplacedAgain = body.reason === 'configuration' && member.mayHoldUntilMs > atMs
    if (body.from === 'active' || isReplacedAgain)
      member.mayHoldUntilMs = atMs + this.#holdingLimitMs(member, body.reason)
    // A changed configuration makes a new router, which counts from nothing.
    if (body.reason === 'configuration' && body.to === 'initialize') resetCounters(member)
    if (body.to === 'backup') member.backupSinceMs = member.node.clock.now()
    if (body.to !== 'active') return
    member.becameActive += 1
    member.group.activations.push(atMs)
  }

  #provoke(sender: Member, atMs: number): void {
    for (const other of sender.group.members) {
      const isWatchful = other !== sender && other.role === 'active' && other.node.isRunning
      if (isWatchful && this.#hearEachOther(sender, other)) other.provokedAtMs = atMs
    }
  }

  /** A new process starts from nothing. */
  #renew(member: Member): void {
    if (member.run === member.node.run) return
    member.run = member.node.run
    member.role = 'initialize'
    resetCounters(member)
    const adopted = member.node.run && member.node.adopted.find(({ config }) => config.name === member.name)
    if (!adopted) return
    member.role = adopted.state.role
    member.sent = adopted.counters.advertisementsSent
    member.becameActive = adopted.counters.becameActive
  }

  /** Who belongs to a sync group is active with all of it or not at all; so it is with fault. */
  #checkGroups(node: Node): void {
    if (node.run === null || node.isStopping) return
    const [name] = node.routers.flatMap((router) => node.groupOf(router.name))
    if (name === undefined) return
    // Of one that was handed over in fault nobody is told until it leaves that.
    const roles = node
      .groupOf(name)
      .map((each) => this.#members.get(`${node.name} ${each}`)?.role)
      .filter((role) => role !== 'initialize')
    for (const role of ['active', 'fault'] as const) {
      const count = roles.filter((each) => each === role).length
      if (count !== 0 && count !== roles.length)
        throw new BrokenInvariant(`a sync group moves as one: ${node.name} is ${roles.join(' and ')}`)
    }
  }

  #checkHolding(member: Member): void {
    const { node, name } = member
    this.#renew(member)
    if (node.run === null && node.mayLeaveAddresses) return
    const config = node.routers.find((router) => router.name === name)
    const held = node.host.held(config?.interface)
    const holds = config?.addresses.some(({ address }) => held.some((prefix) => prefix.address === address))
    const isActive = member.role === 'active'
    const { disturbedAtMs } = node
    // A process that was frozen lets go when it wakes.
    const isExcused = !node.isRunning || this.#simulation.time.now() <= disturbedAtMs + TICK_MS
    if (holds && !isActive && !isExcused && this.#simulation.time.now() > member.mayHoldUntilMs)
      throw new BrokenInvariant(
        `an address is held only while active, or lingering: ${node.name} ${name} is ${member.role}`,
      )
    // Whoever is frozen renews no lease; woken, it hears what it missed before it takes its addresses again.
    const isAwake = node.isRunning && disturbedAtMs + TICK_MS < this.#simulation.time.now()
    if (isActive && !holds && isAwake)
      throw new BrokenInvariant(`an active holds its addresses: ${node.name} ${name}`)
  }

  /** Who yields lingers; who resigns waits for a successor, a reconfigured router for the one that replaces it. */
  #holdingLimitMs({ node, name }: Member, reason: TransitionBody['reason']): number {
    // Clocks run up to 0.5 % fast or slow.
    if (reason === 'higher-priority-backup') return 1.01 * LINGER_MS
    const intervalMs = node.routers.find((router) => router.name === name)?.advertisementIntervalMs ?? 0
    return 1.01 * (reason === 'shutdown' ? 1 : 4) * Math.max(intervalMs, 1_000) + HOLDING_MARGIN_MS
  }

  /** Two actives that hear each other must come to an end of it. */
  #checkOverlap(group: Group): void {
    const actives = group.members.filter(({ role, node }) => role === 'active' && node.isRunning)
    if (actives.length < 2 && this.#overlapSinceMs.size === 0) return
    for (const a of group.members) {
      for (const b of group.members) if (a.node.name < b.node.name) this.#measureOverlap(a, b, actives)
    }
  }

  #measureOverlap(a: Member, b: Member, actives: readonly Member[]): void {
    const nowMs = this.#simulation.time.now()
    const key = `${a.node.name} ${b.node.name} ${a.name}`
    const sinceMs = this.#overlapSinceMs.get(key)
    if (!actives.includes(a) || !actives.includes(b) || !this.#hearEachOther(a, b)) {
      if (sinceMs !== undefined) this.overlapMs += nowMs - sinceMs
      this.#overlapSinceMs.delete(key)
      return
    }
    // A tie lasts until somebody is configured otherwise; what they do about it counts from then.
    if (sinceMs === undefined || isTied(a, b)) this.#overlapSinceMs.set(key, nowMs)
    const limitMs = OVERLAP_INTERVALS_MAX * this.#plan.intervalMsMax + 2 * this.#plan.conditions.delayMs[1]
    if (sinceMs === undefined || nowMs - sinceMs <= limitMs) return
    const seconds = ((nowMs - sinceMs) / 1000).toFixed(3)
    throw new BrokenInvariant(
      `one active per router and segment: ${a.node.name} and ${b.node.name} both for ${a.name}, ${seconds} s`,
    )
  }

  #hearEachOther(a: Member, b: Member): boolean {
    return this.#canHear(a, b) && this.#canHear(b, a)
  }

  #canHear(listener: Member, speaker: Member): boolean {
    return this.#simulation.lan.canReach(portOf(speaker), portOf(listener))
  }

  #forgetDeeds(atMs: number): void {
    this.#deedsAtMs = atMs
    for (const member of this.#members.values()) if (member.deeds.length > 0) member.deeds = []
  }
}

/** With the priority that its trackers leave it (keepalived-and-vrrp.md §1.9: within 1 to 254, the owner's never moves). */
export function configOf({ node, name }: Member): VirtualRouterConfig {
  const config = node.routers.find((router) => router.name === name)
  if (config === undefined) throw new Error(`${node.name} has no router ${name}`)
  if (config.priority === 255 || config.track.length === 0) return config
  return { ...config, priority: Math.min(254, Math.max(1, config.priority + node.level)) }
}

function newMember(node: Node, name: string, group: Group): Member {
  return {
    node,
    name,
    group,
    run: null,
    role: 'initialize',
    backupSinceMs: 0,
    lastSentMs: 0,
    lastAnnouncedMs: 0,
    leftBy: null,
    leftBefore: [],
    mayHoldUntilMs: -1,
    provokedAtMs: -1,
    sent: 0,
    becameActive: 0,
    sentAtMs: [],
    deeds: [],
  }
}

function resetCounters(member: Member): void {
  member.sent = 0
  member.becameActive = 0
}

function portOf(member: Member): string {
  return portName(member.node.name, configOf(member).interface)
}

/** Equal in priority and address: nothing can decide between them. */
function isTied(a: Member, b: Member): boolean {
  const [x, y] = [configOf(a), configOf(b)]
  return (
    x.priority === y.priority && a.node.host.state(x.interface)?.ipv4 === b.node.host.state(y.interface)?.ipv4
  )
}

function limitBurst(member: Member, config: VirtualRouterConfig, atMs: number): void {
  const { sentAtMs, node, name } = member
  sentAtMs.push(atMs)
  if (sentAtMs.length <= BURST_MAX) return
  const oldestMs = sentAtMs.shift() ?? 0
  if (atMs - oldestMs < config.advertisementIntervalMs)
    throw new BrokenInvariant(`no storms: ${node.name} ${name} sent ${BURST_MAX} in less than an interval`)
}

function expectOneActive({ name, members }: Group): void {
  const actives = members.filter(({ role }) => role === 'active')
  if (actives.length !== 1)
    throw new BrokenInvariant(
      `exactly one active at rest: ${name} has ${actives.map(({ node }) => node.name).join(' and ') || 'none'}`,
    )
}

/** What the process says of itself is what was seen of it. */
function checkCounters(member: Member): void {
  const status = member.run?.loop
    .status()
    .virtualRouters.find(({ virtualRouter }) => virtualRouter === member.name)
  // What is left of a router that was replaced counts for nobody.
  if (!status || status.isLeaving) return
  const { role, counters } = status
  const said = { role, sent: counters.advertisementsSent, becameActive: counters.becameActive }
  const seen = { role: member.role, sent: member.sent, becameActive: member.becameActive }
  if (JSON.stringify(said) !== JSON.stringify(seen))
    throw new BrokenInvariant(
      `counters and journal agree: ${member.node.name} ${member.name} says ${JSON.stringify(said)}, seen ${JSON.stringify(seen)}`,
    )
}

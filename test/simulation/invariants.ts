/**
 * What must hold of a LAN at every step, whatever befalls it. What must hold of single transitions is in
 * transition-rules.ts; what must hold only once things have settled, in settled.ts.
 */

import type { Deed } from '@aloft/agent/simulated/host'
import { isOwnAddress } from '@aloft/agent/world/links'
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { type Address, familyOf } from '@aloft/shared/network/address'
import type { EventBody } from '@aloft/shared/protocol/events'
import { AnswerRules } from './answer-rules.ts'
import { journeyBroken } from './journey-rules.ts'
import type { LanSimulation, Sight } from './lan-simulation.ts'
import {
  BrokenInvariant,
  describe,
  type Group,
  groupsOf,
  isGrouped,
  type Member,
  resetCounters,
  writtenOf,
} from './members.ts'
import { type Hearing, idOf, type Node } from './node.ts'
import { Overlaps } from './overlap.ts'
import { PairingRules } from './pairing-rules.ts'
import type { Plan } from './plan.ts'
import { isLate, isUndisturbed, ruleBrokenBy } from './transition-rules.ts'
import { holdingLimitMs } from './waits.ts'

/** Advertisements of one router within its own interval; two re-assertions, answers to resignations, take-overs. */
const BURST_MAX = 12
const TICK_MS = 0.1
/** Clocks begin anywhere: so much is lost of their last digits. */
const ROUNDING_MS = 0.001

export class Invariants {
  transitions = 0
  readonly groups: readonly Group[]
  readonly #simulation: LanSimulation
  readonly #plan: Plan
  readonly #members = new Map<string, Member>()
  /** Null where two hosts have one address. */
  readonly #pairing: PairingRules | null
  readonly #answers: AnswerRules
  readonly #bfdSentAtMs = new Map<string, number>()
  /** The members of each sync group of each node. */
  readonly #together: readonly (readonly Member[])[]
  readonly #overlaps: Overlaps
  /** Who became active together with its sync group in this step. */
  readonly #willing = new Map<Node, { readonly id: string; readonly isLate: boolean }[]>()
  #isResting = false
  #deedsAtMs = -1
  #touched: Member | null = null

  constructor(simulation: LanSimulation, plan: Plan) {
    this.#simulation = simulation
    this.#plan = plan
    this.#overlaps = new Overlaps(simulation, plan)
    this.groups = [...groupsOf(simulation.nodes).values()]
    for (const { members } of this.groups)
      for (const member of members) this.#members.set(describe(member), member)
    const all = [...this.#members.values()]
    this.#pairing = plan.hasTwins ? null : new PairingRules(all)
    this.#answers = new AnswerRules(all)
    this.#together = simulation.nodes.flatMap((node) => {
      const grouped = all.filter((member) => member.node === node && isGrouped(member))
      return grouped.length > 0 ? [grouped] : []
    })
  }

  see(sight: Sight): void {
    if (sight.kind === 'intervention') return
    if (sight.atMs !== this.#deedsAtMs) this.#forgetDeeds(sight.atMs)
    if (sight.kind === 'hearing') this.#seeHearing(sight.node, sight.hearing)
    else if (sight.kind === 'deed') this.#seeDeed(sight.node, sight)
    else this.#seeJournal(sight.node, sight.body, sight.atMs)
  }

  /** Everything that must hold between two steps. */
  check(): void {
    for (const member of this.#members.values()) if (member.run !== member.node.run) this.#renew(member)
    for (const together of this.#together) checkTogether(together)
    this.#checkLateness()
    for (const group of this.groups) {
      for (const member of group.members) this.#checkHolding(member)
      this.#overlaps.check(group)
      if (this.#isResting) expectOneActive(group)
    }
    if (this.#pairing !== null) expectNone(this.#pairing.brokenByStep(), 'pairing')
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

  get overlapMs(): number {
    return this.#overlaps.totalMs
  }

  /** How often BFD lost an active, and how often that was none. */
  get pairing(): { readonly losses: number; readonly falseAlarms: number } {
    return this.#pairing ?? { losses: 0, falseAlarms: 0 }
  }

  /** When, in true time, a node sent BFD to an address last. */
  bfdSentAtMs(node: Node, destination: Address): number {
    return this.#bfdSentAtMs.get(`${node.name} ${destination}`) ?? Number.NEGATIVE_INFINITY
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
    if (isOfHost(node, deed)) return
    if (deed.did === 'send-bfd') {
      this.#seeBfd(node, deed, atMs)
      return
    }
    const config = node.routers.find((router) => isBy(router, deed))
    const member = config && this.#members.get(`${node.name} ${idOf(config)}`)
    if (!config || !member) throw new BrokenInvariant(`a deed of no router: ${node.name} did ${deed.did}`)
    this.#renew(member)
    if (deed.did !== 'send') {
      member.deeds.push({ did: deed.did })
      if (deed.did === 'announce') this.#seeAnnouncement(member, deed.addresses, atMs)
      return
    }
    const rule = journeyBroken(member, deed)
    if (rule !== null) throw new BrokenInvariant(`${rule}: ${describe(member)} to ${deed.destination}`)
    if (isCopy(member, deed.destination)) return
    member.deeds.push({ did: 'send', priority: deed.payload[2] ?? -1 })
    if (deed.payload[2] !== 0) this.#provoke(member, atMs)
    member.lastSentMs = atMs
    if (deed.sent) member.sent += 1
    limitBurst(member, config, atMs)
  }

  #seeHearing(node: Node, hearing: Hearing): void {
    if (this.#pairing === null) return
    for (const member of this.#members.values()) if (member.run !== member.node.run) this.#renew(member)
    expectNone(this.#pairing.hears(node, hearing), node.name)
  }

  #seeBfd(node: Node, deed: Extract<Deed, { did: 'send-bfd' }>, atMs: number): void {
    const { destination } = deed
    this.#bfdSentAtMs.set(`${node.name} ${destination}`, atMs)
    if (this.#pairing === null) return
    this.#pairing.says(node, deed.payload)
    const isFollowed = this.#pairing.isKnown(node, destination)
    expectNone(this.#answers.brokenBy(node, deed, isFollowed), `${node.name} to ${destination}`)
  }

  /** What the journal says of sessions that nobody asked for. */
  #seePairing(node: Node, body: EventBody): void {
    if (this.#pairing === null) return
    if (body.kind === 'false-alarm')
      expectNone(this.#pairing.brokenByAlarm(node, body), describeBody(node, body))
    if (body.kind !== 'bfd') return
    expectNone(this.#pairing.brokenByChange(node, body), describeBody(node, body))
    const wasThere = this.#pairing.saysUp(node, body.remote)
    if (this.#isResting && wasThere && body.diagnostic === 'detection-time-expired')
      throw new BrokenInvariant(`nobody is silent at rest: ${describeBody(node, body)}`)
  }

  /** Packets that an announcement draws must find somebody. */
  #seeAnnouncement(member: Member, addresses: readonly Address[], atMs: number): void {
    const { node } = member
    const { interface: name } = writtenOf(member)
    if (!addresses.every((each) => node.host.holds(name, each)))
      throw new BrokenInvariant(`only what is held is announced: ${describe(member)} ${addresses.join(' ')}`)
    if (node.host.state(name)?.up) member.lastAnnouncedMs = atMs
  }

  #seeJournal(node: Node, body: EventBody, atMs: number): void {
    this.#seePairing(node, body)
    if (body.kind !== 'transition' && body.kind !== 'resumed') return
    const member = this.#members.get(`${node.name} ${idOf({ ...body, name: body.virtualRouter })}`)
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
      throw new BrokenInvariant(`${rule}: ${describe(member)} ${JSON.stringify(body)}`)
    }
    if (body.from === 'backup') this.#pairing?.leavesBackup(member)
    if (body.from === 'backup' && body.to === 'active' && isGrouped(member)) {
      const { node, id } = member
      const willing = this.#willing.get(node) ?? []
      this.#willing.set(node, [...willing, { id, isLate: isLate(member, body, atMs) }])
    }
    if (this.#pairing !== null && body.from === 'backup' && body.to === 'active') {
      const isExact = !isGrouped(member) && isUndisturbed(member, body.heard?.agoMs ?? 0, atMs)
      const wait = { isExact }
      expectNone(this.#pairing.brokenByTakeover(member, body, wait), describeBody(member.node, body))
    }
    if (this.#isResting) {
      const { from, to, reason } = body
      throw new BrokenInvariant(`nothing changes at rest: ${describe(member)} ${from} → ${to}, ${reason}`)
    }
    member.role = body.to
    if (body.from === 'active' || body.to === 'active') {
      member.leftBy = body.to === 'active' ? null : body.reason
      member.leftBefore = member.group.members.filter((other) => this.#overlaps.canHear(other, member))
    }
    const isReplacedAgain = body.reason === 'configuration' && member.mayHoldUntilMs > atMs
    if (body.from === 'active' || isReplacedAgain)
      member.mayHoldUntilMs = atMs + member.node.clock.trueMs(holdingLimitMs(member, body))
    // A changed configuration makes a new router, which counts from nothing.
    if (body.reason === 'configuration' && body.to === 'initialize') resetCounters(member)
    if (body.to === 'backup') member.backupSinceMs = member.node.clock.now()
    if (body.to !== 'active') return
    member.becameActive += 1
    member.activeSinceMs = atMs
    member.group.activations.push(atMs)
  }

  #provoke(sender: Member, atMs: number): void {
    for (const other of sender.group.members) {
      const isWatchful = other !== sender && other.role === 'active' && other.node.isRunning
      if (isWatchful && this.#overlaps.hearEachOther(sender, other)) other.provokedAtMs = atMs
    }
  }

  /** A new process starts from nothing. */
  #renew(member: Member): void {
    if (member.run === member.node.run) return
    member.run = member.node.run
    member.role = 'initialize'
    resetCounters(member)
    const adopted =
      member.node.run &&
      member.node.adopted.find(
        ({ config }) => config.name === member.group.name && config.family === member.family,
      )
    if (!adopted) return
    member.role = adopted.state.role
    member.sent = adopted.counters.advertisementsSent
    member.becameActive = adopted.counters.becameActive
  }

  /** Of those that became active with their sync groups in this step, the last to be willing waited for nobody. */
  #checkLateness(): void {
    for (const [node, willing] of this.#willing) {
      if (willing.every(({ isLate: late }) => late))
        throw new BrokenInvariant(
          `a sync group waits for its last member: ${node.name}, ${willing.map(({ id }) => id).join(' and ')}`,
        )
    }
    if (this.#willing.size > 0) this.#willing.clear()
  }

  #checkHolding(member: Member): void {
    const { node } = member
    this.#renew(member)
    if (node.run === null && node.mayLeaveAddresses) return
    const { interface: name, addresses } = writtenOf(member)
    const holds = addresses.some(({ address }) => node.host.holds(name, address))
    const isActive = member.role === 'active'
    const { disturbedAtMs } = node
    // A process that was frozen lets go when it wakes.
    const isExcused = !node.isRunning || this.#simulation.time.now() <= disturbedAtMs + TICK_MS
    if (holds && !isActive && !isExcused && this.#simulation.time.now() > member.mayHoldUntilMs + ROUNDING_MS)
      throw new BrokenInvariant(
        `an address is held only while active, or lingering: ${describe(member)} is ${member.role}`,
      )
    // Whoever is frozen renews no lease; woken, it hears what it missed before it takes its addresses again.
    const isAwake = node.isRunning && disturbedAtMs + TICK_MS < this.#simulation.time.now()
    if (isActive && !holds && isAwake)
      throw new BrokenInvariant(`an active holds its addresses: ${describe(member)}`)
  }

  #forgetDeeds(atMs: number): void {
    this.#deedsAtMs = atMs
    for (const member of this.#members.values()) {
      if (member.deeds.length > 0) member.deeds = []
      if (member.copiedTo.size > 0) member.copiedTo.clear()
    }
  }
}

/** Who belongs to a sync group is active with all of it or not at all; so it is with fault. */
function checkTogether(members: readonly Member[]): void {
  const [first] = members
  if (!first?.node.run || first.node.isStopping) return
  const roles = members.map(({ role }) => role)
  for (const role of ['active', 'fault'] as const) {
    const count = roles.filter((each) => each === role).length
    if (count !== 0 && count !== roles.length)
      throw new BrokenInvariant(`a sync group moves as one: ${first.node.name} is ${roles.join(' and ')}`)
  }
}

function expectNone(rule: string | null, circumstances: string): void {
  if (rule !== null) throw new BrokenInvariant(`${rule}: ${circumstances}`)
}

function describeBody(node: Node, body: EventBody): string {
  return `${node.name} ${JSON.stringify(body)}`
}

/** A router with peers that takes part again tells them where its host is (keepalived-and-vrrp.md §2.9). */
function isOfHost({ host }: Node, deed: Deed): boolean {
  if (deed.did !== 'announce') return false
  const link = host.state(deed.interfaceName)
  return link !== null && deed.addresses.every((each) => isOwnAddress(link, each))
}

/** Whether a router is the one that did it. */
function isBy(router: VirtualRouterConfig, deed: Exclude<Deed, { did: 'send-bfd' }>): boolean {
  if (router.interface !== deed.interfaceName) return false
  if (deed.did === 'send') return router.family === familyOf(deed.source) && router.vrid === deed.payload[1]
  return router.addresses.some(({ address }) => deed.addresses.includes(address))
}

/** An advertisement is one, however many peers get it. */
function isCopy({ copiedTo }: Member, destination: Address): boolean {
  const isFirst = copiedTo.size === 0 || copiedTo.has(destination)
  if (isFirst) copiedTo.clear()
  copiedTo.add(destination)
  return !isFirst
}

function limitBurst(member: Member, config: VirtualRouterConfig, atMs: number): void {
  const { sentAtMs } = member
  sentAtMs.push(atMs)
  if (sentAtMs.length <= BURST_MAX) return
  const oldestMs = sentAtMs.shift() ?? 0
  if (atMs - oldestMs < config.advertisementIntervalMs)
    throw new BrokenInvariant(`no storms: ${describe(member)} sent ${BURST_MAX} in less than an interval`)
}

function expectOneActive({ id, members }: Group): void {
  const actives = members.filter(({ role }) => role === 'active')
  if (actives.length !== 1)
    throw new BrokenInvariant(
      `exactly one active at rest: ${id} has ${actives.map(({ node }) => node.name).join(' and ') || 'none'}`,
    )
}

/** What the process says of itself is what was seen of it. */
function checkCounters(member: Member): void {
  const status = member.run?.loop
    .status()
    .virtualRouters.find(({ virtualRouter: name, family }) => idOf({ name, family }) === member.id)
  // What is left of a router that was replaced counts for nobody.
  if (!status || status.isLeaving) return
  const { role, counters } = status
  const said = { role, sent: counters.advertisementsSent, becameActive: counters.becameActive }
  const seen = { role: member.role, sent: member.sent, becameActive: member.becameActive }
  if (JSON.stringify(said) !== JSON.stringify(seen))
    throw new BrokenInvariant(
      `counters and journal agree: ${describe(member)} says ${JSON.stringify(said)}, seen ${JSON.stringify(seen)}`,
    )
}

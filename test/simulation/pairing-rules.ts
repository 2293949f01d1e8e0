/**
 * What must hold of BFD between an active and its backups, as it can be seen from outside: what was heard, what the
 * journal says, and when (docs/decisions/0016-bfd-and-pairing.md). Times are the host's. Addresses are one host's each,
 * so that this says nothing of LANs with twins.
 */
import { type Address, familyOf } from '@aloft/shared/network/address'
import type { EventBody, TransitionBody } from '@aloft/shared/protocol/events'
import { discriminatorsOf, stateOf, UP } from './bfd-frames.ts'
import { advertisesFrom, type Member, writtenOf } from './members.ts'
import type { Hearing, Node, Run } from './node.ts'
import { activeDownMs } from './waits.ts'

type BfdBody = Extract<EventBody, { kind: 'bfd' }>
type FalseAlarmBody = Extract<EventBody, { kind: 'false-alarm' }>

/** A loss that was acted on and may yet turn out to be none. */
interface Loss {
  readonly atMs: number
  readonly detectionMs: number
  readonly multiplier: number
  /** When routers took over since: those that say so, and all. */
  readonly takenOverAtMs: number[]
  readonly leftAtMs: number[]
}

/** A host with an active, as a process knows it. */
interface Neighbour {
  /** Until when it counts as an active that is followed. */
  followedUntilMs: number
  bfdAtMs: number
  /** Whether its last packet said Up: at its full speed only then. */
  saysUp: boolean
  loss: Loss | null
  falseAlarms: number
  distrustedUntilMs: number
}

/** An advertisement that a process is looking at. */
interface Looking {
  readonly member: Member
  readonly neighbour: Neighbour
  readonly intervalMs: number
  readonly mustAlarm: boolean
}

const TICK_MS = 0.01
const DISTRUST_FIRST_MS = 30_000
const DISTRUST_MAX_MS = 3_600_000

export class PairingRules {
  losses = 0
  falseAlarms = 0
  readonly #members: readonly Member[]
  readonly #neighbours = new WeakMap<Run, Map<string, Neighbour>>()
  /** The discriminators of a process. */
  readonly #said = new WeakMap<Run, Set<number>>()
  readonly #alarms = new WeakMap<Run, number>()
  #looking: Looking | null = null
  /** Whose words are being looked at in this step: a false alarm has no other cause. */
  #heardFrom: { readonly node: Node; readonly source: string } | null = null

  constructor(members: readonly Member[]) {
    this.#members = members
  }

  /** Whether a process has an active at that address that it follows, or did. */
  isKnown(node: Node, address: Address): boolean {
    return this.#of(node, address).followedUntilMs > Number.NEGATIVE_INFINITY
  }

  /** Whether the other end of the session last said Up. Who did not may have been killed long ago. */
  saysUp(node: Node, address: string): boolean {
    return this.#of(node, address).saysUp
  }

  says(node: Node, payload: Uint8Array): void {
    this.#saidBy(node).add(discriminatorsOf(payload).mine)
  }

  /** A rule that was broken by what was heard before, in words. */
  hears(node: Node, hearing: Hearing): string | null {
    // Whoever wakes up reads all that waits in one step.
    const broken = this.brokenByStep()
    const { source, payload, ttl } = hearing.datagram
    this.#heardFrom = { node, source }
    if (hearing.kind === 'advertisement') this.#looking = this.#lookAt(node, hearing)
    // Whoever knows a discriminator of ours is the other end of the session.
    else if (ttl === 255 && this.#saidBy(node).has(discriminatorsOf(payload).yours)) {
      const neighbour = this.#of(node, source)
      neighbour.bfdAtMs = node.clock.now()
      neighbour.saysUp = stateOf(payload) === UP
    }
    return broken
  }

  /** The end of a step: a rule that it broke, in words. */
  brokenByStep(): string | null {
    const looking = this.#looking
    this.#looking = null
    this.#heardFrom = null
    if (looking === null) return null
    const { member, neighbour, intervalMs, mustAlarm } = looking
    neighbour.loss = null
    if (mustAlarm) return 'an active that is heard again within its interval was a false alarm'
    if (member.role === 'backup') follow(member, neighbour, intervalMs)
    return null
  }

  /** It was a backup until now, and perhaps still when it heard what is being looked at. */
  leavesBackup(member: Member): void {
    const looking = this.#looking
    if (looking?.member === member) follow(member, looking.neighbour, looking.intervalMs)
  }

  /** A session of nobody's asking came up or went down. */
  brokenByChange(node: Node, body: BfdBody): string | null {
    if (body.from !== 'up') return null
    const nowMs = node.clock.now()
    const neighbour = this.#of(node, body.remote)
    const isSilence = body.diagnostic === 'detection-time-expired'
    const isFollowed = (marginMs: number) => nowMs < neighbour.followedUntilMs + marginMs
    const isDistrusted = (marginMs: number) => nowMs < neighbour.distrustedUntilMs + marginMs
    if (!body.activeLost) {
      const mustAct = isSilence && neighbour.saysUp && isFollowed(-TICK_MS) && !isDistrusted(TICK_MS)
      return mustAct ? 'a lost session to the active is acted on' : null
    }
    if (!isSilence) return 'only silence is a loss: whoever says that it goes is there'
    if (!neighbour.saysUp) return 'only who said that it was up can be lost'
    if (!isFollowed(TICK_MS)) return 'only of an active that is followed is the loss acted on'
    if (isDistrusted(-TICK_MS)) return 'a session that gave a false alarm is not believed'
    return this.#lose(node, body, neighbour)
  }

  /** A router became active because BFD had lost the active before it. */
  brokenByTakeover(member: Member, body: TransitionBody, wait: { readonly isExact: boolean }): string | null {
    const { heard, priority, detectedBy } = body
    if (heard === null) return null
    const { node } = member
    const { loss } = this.#of(node, heard.address)
    if (loss !== null) (detectedBy === 'bfd' ? loss.takenOverAtMs : loss.leftAtMs).push(node.clock.now())
    if (detectedBy !== 'bfd') return null
    if (loss === null)
      return isInherited(member)
        ? null
        : 'a takeover because of BFD has a session that was lost, and not found again'
    const nowMs = node.clock.now()
    const skewMs = lossSkewMs(priority, loss)
    const earliestMs = Math.max(loss.atMs, nowMs - heard.agoMs + loss.detectionMs) + skewMs
    if (nowMs < earliestMs - TICK_MS)
      return 'after a loss a backup waits for the rest of the detection time, and its skew'
    return wait.isExact && nowMs > earliestMs + TICK_MS
      ? 'after a loss a backup waits no longer than its skew'
      : null
  }

  brokenByAlarm(node: Node, body: FalseAlarmBody): string | null {
    const nowMs = node.clock.now()
    const neighbour = this.#of(node, body.remote)
    const { loss } = neighbour
    if (this.#looking?.neighbour === neighbour) this.#looking = { ...this.#looking, mustAlarm: false }
    if (loss === null) return 'a false alarm follows a loss'
    if (this.#heardFrom?.node !== node || this.#heardFrom.source !== body.remote)
      return 'a false alarm is one whose active is heard'
    if (Math.abs(body.heardAfterMs - (nowMs - loss.atMs)) > TICK_MS)
      return 'a false alarm tells how long it took'
    if (body.heardAfterMs > this.#intervalMs(body.remote, Math.max) + TICK_MS)
      return 'who is heard later than its interval has been away'
    neighbour.loss = null
    neighbour.falseAlarms += 1
    neighbour.distrustedUntilMs = nowMs + body.distrustedMs
    return costRule(loss, body, nowMs) ?? distrustRule(neighbour, body) ?? this.#countRule(node)
  }

  /** Whatever was counted in a process is in its status. */
  #countRule({ run }: Node): string | null {
    if (run === null) return null
    this.falseAlarms += 1
    const count = (this.#alarms.get(run) ?? 0) + 1
    this.#alarms.set(run, count)
    return run.loop.status().bfd?.falseAlarms === count ? null : 'false alarms are counted'
  }

  #lose(node: Node, body: BfdBody, neighbour: Neighbour): string | null {
    const nowMs = node.clock.now()
    const { detectionMs } = body
    const leastMs = this.#detectionMs(node, body)
    if (detectionMs === null || detectionMs < leastMs - TICK_MS)
      return `a detection time is ${leastMs} ms at least`
    if (nowMs - neighbour.bfdAtMs < detectionMs - TICK_MS) return 'a session is lost after its detection time'
    // An alarm that is no later than this is on time (bfd-sessions.ts); in the product it rings after the sockets were read.
    const isLate = nowMs - neighbour.bfdAtMs > detectionMs + 1
    if (isLate && node.run?.input.hasUnreadBfd(body.remote))
      return 'what waits unread is looked at before a session is lost'
    this.losses += 1
    const multiplier = this.#pairingAt(body.remote)?.multiplier ?? 1
    neighbour.loss = { atMs: nowMs, detectionMs, multiplier, takenOverAtMs: [], leftAtMs: [] }
    return null
  }

  #lookAt(node: Node, { datagram }: Extract<Hearing, { kind: 'advertisement' }>): Looking | null {
    const { interfaceName, family, source, payload } = datagram
    const member = this.#members.find((each) => {
      const config = writtenOf(each)
      const isHere = each.node === node && config.interface === interfaceName && config.family === family
      return isHere && config.vrid === payload[1]
    })
    const sender = member?.group.members.find((each) => each !== member && advertisesFrom(each, source))
    if (!member || !sender || payload[2] === 0 || writtenOf(member).pairing === null) return null
    if (member.role !== 'backup' && member.role !== 'active') return null
    const neighbour = this.#of(node, source)
    const { loss } = neighbour
    // Of several routers of that host, it goes by the interval of the one heard last before the loss.
    const withinMs = this.#intervalMs(source, Math.min)
    const mustAlarm = loss !== null && node.clock.now() - loss.atMs <= withinMs - TICK_MS
    const { advertisementIntervalMs: intervalMs } = writtenOf(sender)
    return { member, neighbour, intervalMs, mustAlarm }
  }

  #saidBy({ run }: Node): Set<number> {
    const said = (run && this.#said.get(run)) ?? new Set<number>()
    if (run) this.#said.set(run, said)
    return said
  }

  #of(node: Node, address: string): Neighbour {
    const { run } = node
    if (run === null) return newNeighbour()
    const here = this.#neighbours.get(run) ?? new Map<string, Neighbour>()
    this.#neighbours.set(run, here)
    const known = here.get(address)
    if (known !== undefined) return known
    const made = newNeighbour()
    here.set(address, made)
    return made
  }

  /** Of the routers that advertise from an address. */
  #intervalMs(source: string, of: (...all: number[]) => number): number {
    const there = this.#members.filter((member) => advertisesFrom(member, source))
    return of(...there.map((member) => writtenOf(member).advertisementIntervalMs))
  }

  #pairingAt(source: string) {
    const there = this.#members.find(
      (member) => advertisesFrom(member, source) && writtenOf(member).pairing !== null,
    )
    return there ? writtenOf(there).pairing : null
  }

  /** RFC 5880 §6.8.4: the other end's multiplier, times the slower of what it sends and what we accept. */
  #detectionMs(node: Node, { interface: name, remote }: BfdBody): number {
    const theirs = this.#pairingAt(remote)
    const ours = node.routers.find(
      ({ interface: own, family, pairing }) =>
        own === name && family === familyOf(remote as Address) && pairing,
    )?.pairing
    return theirs && ours ? theirs.multiplier * Math.max(theirs.intervalMs, ours.intervalMs) : 0
  }
}

/** The process before it had lost the active, and handed over while it waited. */
function isInherited({ node, family, group }: Member): boolean {
  return node.adopted.some(
    ({ config, state }) =>
      config.name === group.name &&
      config.family === family &&
      state.role === 'backup' &&
      state.lostBy === 'bfd',
  )
}

function follow(member: Member, neighbour: Neighbour, intervalMs: number): void {
  const untilMs = member.node.clock.now() + activeDownMs(member, intervalMs)
  neighbour.followedUntilMs = Math.max(neighbour.followedUntilMs, untilMs)
}

function newNeighbour(): Neighbour {
  return {
    followedUntilMs: Number.NEGATIVE_INFINITY,
    bfdAtMs: Number.NEGATIVE_INFINITY,
    saysUp: false,
    loss: null,
    falseAlarms: 0,
    distrustedUntilMs: Number.NEGATIVE_INFINITY,
  }
}

/** (256 − priority)/256 of half an interval of the session. */
function lossSkewMs(priority: number, { detectionMs, multiplier }: Loss): number {
  return ((256 - priority) / 256) * (detectionMs / multiplier / 2)
}

/** A takeover for another reason, after a loss, may count as well: its timer had been moved by it. */
function costRule({ takenOverAtMs, leftAtMs }: Loss, body: FalseAlarmBody, nowMs: number): string | null {
  const [least, most] = [takenOverAtMs.length, takenOverAtMs.length + leftAtMs.length]
  if (body.virtualRouters < least || body.virtualRouters > most)
    return 'a false alarm tells who had taken over'
  const costs = [...takenOverAtMs, ...leftAtMs].map((atMs) => nowMs - atMs)
  if (least === 0) costs.push(0)
  const isRight = costs.some((costMs) => Math.abs(costMs - body.twoActivesMs) <= TICK_MS)
  return isRight ? null : 'a false alarm tells for how long there were two actives'
}

/** Half a minute, then four times as long each time, an hour at most. */
function distrustRule({ falseAlarms }: Neighbour, { distrustedMs }: FalseAlarmBody): string | null {
  const forMs = Math.min(DISTRUST_MAX_MS, DISTRUST_FIRST_MS * 4 ** (falseAlarms - 1))
  return Math.abs(distrustedMs - forMs) <= TICK_MS
    ? null
    : 'each false alarm is distrusted four times as long'
}

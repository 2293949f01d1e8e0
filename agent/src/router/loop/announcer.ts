/**
 * Announces addresses for routers that are active. The first announcement of each address is made in the takeover
 * itself: hosts send to the old place until they hear it. All others wait in a queue for each pace there is, so that
 * neither a slow network is flooded nor an advertisement waits behind thousands of frames.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { AnnouncementGroup, AnnouncementPace } from '@aloft/shared/config/announcements-config'
import { type Family, familyOf } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import {
  type AnnouncementReason,
  type AnnouncementSchedule,
  announce,
  due,
  nextAnnouncementAt,
  SILENT,
} from '../../vrrp/announcement-schedule.ts'
import type { Parameters, Transition } from '../../vrrp/virtual-router.ts'
import { byDevice, type Holdings } from '../../world/holdings.ts'
import { type DeadlineHolder, Deadlines } from './deadlines.ts'
import { holdingOf } from './holding-of.ts'
import { keyOf } from './instance.ts'
import { earliest, type Timed } from './timed.ts'

/** One router's part: what it has still to announce. */
interface Speaker extends DeadlineHolder {
  config: VirtualRouterConfig
  schedule: AnnouncementSchedule
}

/** Rounds that wait for their turn: `next` is the address of the current round that is told next. */
interface Waiting {
  readonly speaker: Speaker
  readonly interfaceName: string
  readonly addresses: readonly Prefix[]
  rounds: number
  next: number
}

/** What one pace applies to, and what waits for it. */
interface Lane {
  readonly gapMs: number
  readonly queue: Waiting[]
  /** Not before then. */
  at: number
}

/** Interfaces with a pace of their own, and groups that share one. An interface's group goes before its own. */
export interface Pacing {
  readonly interfaces: readonly (AnnouncementPace & { readonly name: string })[]
  readonly announcementGroups: readonly AnnouncementGroup[]
}

/** Announcements in one alarm: about a millisecond of work. Then whatever else is due gets its turn. */
const BUDGET = 256
const BREATHER_MS = 1

export class Announcer implements Timed {
  readonly #holdings: Pick<Holdings, 'announce'>
  readonly #speakers = new Map<string, Speaker>()
  readonly #due = new Deadlines<Speaker>()
  readonly #lanes = new Map<string, Lane>()
  #pacing: Pacing = { interfaces: [], announcementGroups: [] }

  constructor(holdings: Pick<Holdings, 'announce'>) {
    this.#holdings = holdings
  }

  /** From now on these paces hold; what waits already keeps the one it was queued for. */
  setPacing(pacing: Pacing): void {
    this.#pacing = pacing
    for (const [key, { queue }] of this.#lanes) if (queue.length === 0) this.#lanes.delete(key)
  }

  /** The router has something to announce: the first round goes out before this returns. */
  announce(config: VirtualRouterConfig, because: AnnouncementReason, now: number): void {
    const speaker = this.#speaker(config)
    const { rounds, schedule } = announce(config.announcements, speaker.schedule, because, now)
    speaker.schedule = schedule
    const places = placesOf(config)
    if (rounds > 0) for (const [name, addresses] of places) this.#holdings.announce(name, addresses)
    this.#queue(speaker, places, { rounds: rounds - 1, now })
    this.#due.set(speaker, nextAnnouncementAt(schedule))
  }

  /** The router is configured anew, and goes on with what it has still to announce. */
  reconfigured(config: VirtualRouterConfig): void {
    const speaker = this.#speakers.get(keyOf(config))
    if (speaker !== undefined) speaker.config = config
  }

  /**
   * Peers of a router without multicast may have forgotten where it is while its link was down; what they send to it
   * waits for ARP then. So it tells its own address first (keepalived-and-vrrp.md §2.9).
   */
  recovered({ config, source }: Parameters, { from, to }: Transition): void {
    if (from !== 'fault' || to === 'initialize' || config.unicast === null || source === null) return
    const prefixLength = config.family === 'ipv4' ? 32 : 128
    this.#holdings.announce(config.interface, [{ address: source, prefixLength }])
  }

  /** The router is no longer active: nothing it had still to say is true now. */
  silence(config: VirtualRouterConfig): void {
    const speaker = this.#speakers.get(keyOf(config))
    if (speaker === undefined) return
    this.#speakers.delete(keyOf(config))
    this.#due.set(speaker, null)
    for (const lane of this.#lanes.values()) {
      const kept = lane.queue.filter((waiting) => waiting.speaker !== speaker)
      lane.queue.splice(0, lane.queue.length, ...kept)
    }
  }

  dueAt(): number | null {
    let at = this.#due.first()?.dueAt ?? null
    for (const lane of this.#lanes.values()) if (lane.queue.length > 0) at = earliest(at, lane.at)
    return at
  }

  ring(now: number): void {
    for (let speaker = this.#due.first(); speaker && speaker.dueAt <= now; speaker = this.#due.first()) {
      const { config } = speaker
      const { rounds, schedule } = due(config.announcements, speaker.schedule, now)
      speaker.schedule = schedule
      this.#queue(speaker, placesOf(config), { rounds: rounds.everywhere, now })
      this.#queue(speaker, alsoOn(config), { rounds: rounds.alsoOn, now })
      this.#due.set(speaker, nextAnnouncementAt(schedule))
    }
    let budget = BUDGET
    for (const lane of this.#lanes.values()) budget -= this.#work(lane, budget, now)
  }

  #speaker(config: VirtualRouterConfig): Speaker {
    const known = this.#speakers.get(keyOf(config))
    if (known !== undefined) return known
    const speaker: Speaker = { config, schedule: SILENT, dueAt: 0, heapIndex: -1 }
    this.#speakers.set(keyOf(config), speaker)
    return speaker
  }

  #queue(speaker: Speaker, places: Places, { rounds, now }: { rounds: number; now: number }): void {
    if (rounds <= 0) return
    for (const [interfaceName, family, addresses] of byFamily(places)) {
      const lane = this.#laneOf(interfaceName, family)
      if (lane.queue.length === 0) lane.at = Math.max(lane.at, now + lane.gapMs)
      lane.queue.push({ speaker, interfaceName, addresses, rounds, next: 0 })
    }
  }

  /** Sends what the lane may send now, within the budget; returns how many that were. */
  #work(lane: Lane, budget: number, now: number): number {
    if (lane.queue.length === 0 || now < lane.at) return 0
    // A lane with a gap sends one a time, however late it is: it is the gap that was asked for.
    const allowed = lane.gapMs > 0 ? 1 : budget
    let sent = 0
    for (let first = lane.queue[0]; first !== undefined && sent < allowed; first = lane.queue[0]) {
      const some = first.addresses.slice(first.next, first.next + allowed - sent)
      this.#holdings.announce(first.interfaceName, some)
      sent += some.length
      first.next += some.length
      if (first.next < first.addresses.length) continue
      first.next = 0
      first.rounds--
      if (first.rounds === 0) lane.queue.shift()
    }
    lane.at = now + (lane.gapMs > 0 ? lane.gapMs : BREATHER_MS)
    return sent
  }

  #laneOf(interfaceName: string, family: Family): Lane {
    const group = this.#pacing.announcementGroups.findIndex((each) => each.interfaces.includes(interfaceName))
    const key = `${group < 0 ? interfaceName : group} ${family}`
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const pace =
      this.#pacing.announcementGroups[group] ??
      this.#pacing.interfaces.find(({ name }) => name === interfaceName)
    const gapMs = (family === 'ipv4' ? pace?.arpIntervalMs : pace?.neighborAdvertisementIntervalMs) ?? 0
    const lane: Lane = { gapMs, queue: [], at: 0 }
    this.#lanes.set(key, lane)
    return lane
  }
}

/** Where which addresses are announced. */
type Places = ReadonlyMap<string, readonly Prefix[]>

/** Each address on the interface that has it, and all of them wherever else was asked for. */
function placesOf(config: VirtualRouterConfig): Places {
  const own = byDevice(holdingOf(config).addresses)
  return new Map([...own, ...[...alsoOn(config)].filter(([name]) => !own.has(name))])
}

/** ARP and neighbour discovery have paces of their own, and a router may hold addresses of both. */
function* byFamily(places: Places): Generator<[string, Family, readonly Prefix[]]> {
  for (const [name, all] of places) {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const addresses = all.filter(({ address }) => familyOf(address) === family)
      if (addresses.length > 0) yield [name, family, addresses]
    }
  }
}

function alsoOn(config: VirtualRouterConfig): Places {
  const { addresses } = holdingOf(config)
  return new Map(config.announcements.alsoOn.map((name) => [name, addresses]))
}

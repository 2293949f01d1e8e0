/**
 * The promise VRRP is for: when an active dies, a backup takes over in three intervals and its skew, not earlier; where
 * BFD pairs them, in a detection time and a part of an interval of BFD's.
 */
import type { Invariants } from './invariants.ts'
import type { LanSimulation } from './lan-simulation.ts'
import { BrokenInvariant, configOf, type Group, type Member, sourceOf } from './members.ts'
import type { Node } from './node.ts'
import { activeDownMs } from './waits.ts'

/** Floating point, and nothing else: what is known of a backup's clock is how fast it runs. */
const TICK_MS = 0.1

/** In true time. */
interface Range {
  readonly earliestMs: number
  readonly latestMs: number
}

interface Expectation extends Range {
  readonly group: Group
  /** By then every backup that would take over has, and has heard of the best one. */
  readonly settledMs: number
}

interface Exam {
  readonly atMs: number
  readonly check: () => void
  /** Of so many groups a backup was told by BFD. */
  readonly paired: number
}

/** Computes, before `victim` dies, when each of its routers must be active elsewhere; `check` after `atMs`. */
export function prepareFailover(simulation: LanSimulation, invariants: Invariants, victim: Node): Exam {
  const { groups } = invariants
  let paired = 0
  const expectations = groups.flatMap((group): Expectation[] => {
    const dying = group.members.find(({ node, role }) => node === victim && role === 'active')
    const backups = group.members.filter(({ role }) => role === 'backup')
    if (!dying || backups.length === 0) return []
    const partners = partnersOf(groups, group, victim)
    // A group of which the victim does not have the whole is not taken over by its death.
    if (partners === null) return []
    if (backups.some((backup) => pairingWith(backup, dying)?.distrustedMs === 0)) paired += 1
    const ranges = backups.map((backup) => takeover({ simulation, invariants }, backup, partners))
    return [
      {
        group,
        earliestMs: Math.min(...ranges.map(({ earliestMs }) => earliestMs)),
        latestMs: Math.min(...ranges.map(({ latestMs }) => latestMs)),
        settledMs: Math.max(...ranges.map(({ latestMs }) => latestMs)) + 2 * delayMs(simulation, dying)[1],
      },
    ]
  })
  const diedAtMs = simulation.time.now()
  return {
    paired,
    atMs: Math.max(diedAtMs, ...expectations.map(({ settledMs }) => settledMs + TICK_MS)),
    check: () => {
      for (const expectation of expectations) {
        checkOne(expectation, diedAtMs)
        checkAlone(simulation, expectation.group)
      }
    },
  }
}

function checkOne({ group, earliestMs, latestMs }: Expectation, diedAtMs: number): void {
  const { id, activations } = group
  const firstMs = activations.find((atMs) => atMs >= diedAtMs)
  if (firstMs !== undefined && firstMs >= earliestMs && firstMs <= latestMs) return
  const range = `${earliestMs.toFixed(3)} to ${latestMs.toFixed(3)} ms`
  throw new BrokenInvariant(
    `a dead active is replaced in time: ${id} at ${firstMs?.toFixed(3) ?? 'no time'}, not ${range}`,
  )
}

/** Backups that take over in the same moment know of each other as soon as a frame takes. */
function checkAlone(simulation: LanSimulation, { id, members }: Group): void {
  const actives = members.filter(({ role }) => role === 'active')
  const settled = actives.filter(
    (member) => member.activeSinceMs + 2 * delayMs(simulation, member)[1] + TICK_MS < simulation.time.now(),
  )
  if (actives.length === 0 || settled.length > 1)
    throw new BrokenInvariant(
      `one backup takes over: ${id} has ${actives.map(({ node }) => node.name).join(' and ') || 'none'}`,
    )
}

/** A member of a sync group, active on the victim, and the members that other nodes have of it. */
interface Partner {
  readonly group: Group
  readonly dying: Member
}

/** What is active together with a router of the victim, that router included; null when not all of it is there. */
function partnersOf(groups: readonly Group[], own: Group, victim: Node): readonly Partner[] | null {
  const names = victim.groupOf(own.name)
  const together = groups.filter((group) => group === own || names.includes(group.name))
  const partners = together.flatMap((group): Partner[] => {
    const dying = group.members.find(({ node, role }) => node === victim && role === 'active')
    return dying === undefined ? [] : [{ group, dying }]
  })
  return partners.length === together.length ? partners : null
}

interface Stage {
  readonly simulation: LanSimulation
  readonly invariants: Invariants
}

/** When the backup's node can take over all that belongs together. */
function takeover(stage: Stage, backup: Member, partners: readonly Partner[]): Range {
  const ranges = partners.flatMap(({ group, dying }) => {
    const same = group.members.find(({ node, role }) => node === backup.node && role === 'backup')
    return same === undefined ? [] : [rangeOf(stage, same, dying)]
  })
  return {
    earliestMs: Math.max(...ranges.map(({ earliestMs }) => earliestMs)),
    latestMs: Math.max(...ranges.map(({ latestMs }) => latestMs)),
  }
}

function rangeOf({ simulation, invariants }: Stage, backup: Member, dying: Member): Range {
  const after = (sentMs: number, hostMs: number): Range => {
    const [minMs, maxMs] = delayMs(simulation, dying)
    const endMs = sentMs + backup.node.clock.trueMs(hostMs)
    return { earliestMs: endMs + minMs - TICK_MS, latestMs: endMs + maxMs + TICK_MS }
  }
  const advertisedMs = dying.lastSentMs
  const byAdverts = after(advertisedMs, activeDownMs(backup, configOf(dying).advertisementIntervalMs))
  const session = pairingWith(backup, dying)
  const source = sourceOf(backup)
  if (session === null || source === null) return byAdverts
  const { waitMs, distrustedMs } = session
  const lastMs = Math.max(advertisedMs, invariants.bfdSentAtMs(dying.node, source))
  const byBfd = after(lastMs, waitMs)
  const isBelieved =
    simulation.time.now() + backup.node.clock.trueMs(distrustedMs) < byBfd.earliestMs - waitMs / 2
  return {
    earliestMs: Math.min(byBfd.earliestMs, byAdverts.earliestMs),
    latestMs:
      distrustedMs === 0 || isBelieved ? Math.min(byBfd.latestMs, byAdverts.latestMs) : byAdverts.latestMs,
  }
}

/** Detection time and skew of a session that is up between them; null: there is none. */
function pairingWith(backup: Member, dying: Member): { waitMs: number; distrustedMs: number } | null {
  const { pairing, priority } = configOf(backup)
  const remote = sourceOf(dying)
  const sessions = backup.node.run?.loop.status().bfd?.sessions ?? []
  const session = sessions.find((each) => each.remote === remote && each.state === 'up')
  const theirs = dying.node.routers.find(
    (router) => router.interface === configOf(dying).interface && router.pairing !== null,
  )?.pairing
  if (!pairing || !theirs || !session || session.detectionMs === null) return null
  const skewMs = (((256 - priority) / 256) * session.detectionMs) / theirs.multiplier / 2
  return { waitMs: session.detectionMs + skewMs, distrustedMs: session.distrustedMs }
}

function delayMs(simulation: LanSimulation, member: Member): readonly [number, number] {
  const { segment } = member.node.host.description(configOf(member).interface)
  return simulation.lan.conditions(segment).delayMs
}

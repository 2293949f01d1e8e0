/** What must hold once nothing has gone wrong for a while. */
import type { Invariants } from './invariants.ts'
import type { LanSimulation } from './lan-simulation.ts'
import { BrokenInvariant, configOf, describe, type Group, type Member, sourceOf } from './members.ts'

/**
 * How many of the longest intervals settling may take: a wrong active falls silent or is outranked (four: three and a
 * skew of at most one), the preempt delay passes, the better one takes over (four more), a tie is broken (two).
 */
export function settleIntervals(simulation: LanSimulation): number {
  const routers = simulation.nodes.flatMap(({ routers: all }) => all)
  const intervalMs = Math.max(...routers.map(({ advertisementIntervalMs }) => advertisementIntervalMs))
  const delayMs = Math.max(...routers.map(({ preempt }) => preempt.delayMs))
  const isGrouped = simulation.nodes.some((node) =>
    node.routers.some(({ name }) => node.groupOf(name).length > 0),
  )
  // One member may begin what the other has to finish.
  return (isGrouped ? 2 : 1) * (10 + delayMs / intervalMs) + 1
}

/** `isLossless`: every frame that could arrive did. */
export function checkSettled({ groups }: Invariants, isLossless: boolean): void {
  for (const group of groups) {
    const active = group.members.find(({ role }) => role === 'active')
    if (active === undefined) throw new BrokenInvariant(`exactly one active at rest: ${group.id} has none`)
    checkPriority(group, active)
    if (isLossless) checkLastWord(group, active)
  }
  const [alone] = unpaired({ groups })
  if (alone) throw new BrokenInvariant(`backups pair with their active by themselves: ${describe(alone)}`)
}

function checkPriority({ id, members }: Group, active: Member): void {
  for (const other of members) {
    const { preempt, priority } = configOf(other)
    if ((preempt.enabled || priority === 255) && priority > configOf(active).priority)
      throw new BrokenInvariant(
        `the active has the highest priority: ${id} has ${active.node.name}, not ${other.node.name}`,
      )
  }
}

/** Backups whose active pairs as they do, and that have no session with it yet. */
export function unpaired({ groups }: Pick<Invariants, 'groups'>): Member[] {
  return groups.flatMap(({ members }) => {
    const active = members.find(({ role }) => role === 'active')
    if (active === undefined || configOf(active).pairing === null) return []
    return members.filter(
      (member) =>
        member.role === 'backup' && configOf(member).pairing !== null && !isPairedWith(member, active),
    )
  })
}

function isPairedWith({ node }: Member, active: Member): boolean {
  const remote = sourceOf(active)
  const sessions = node.run?.loop.status().bfd?.sessions ?? []
  return sessions.some((session) => session.remote === remote && session.state === 'up')
}

/**
 * Hosts believe whoever announced an address last: after a split brain that must be the one that kept it. It knows
 * of the other because whoever yields says one word more. Who died unheard, or lost its link, says nothing more.
 */
function checkLastWord({ id, members }: Group, active: Member): void {
  for (const other of members) {
    const saidSo = other.leftBy === 'higher-priority-backup' && other.leftBefore.includes(active)
    const isKnown = active.provokedAtMs > other.lastAnnouncedMs || saidSo
    if (other.lastAnnouncedMs > active.lastAnnouncedMs && isKnown)
      throw new BrokenInvariant(
        `the holder of an address announced it last: ${id} is at ${active.node.name}, ${other.node.name} had the last word`,
      )
  }
}

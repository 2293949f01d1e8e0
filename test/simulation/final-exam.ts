/** The promise VRRP is for: when an active dies, a backup takes over in three intervals and its skew, not earlier. */
import type { Invariants } from './invariants.ts'
import type { LanSimulation } from './lan-simulation.ts'
import { BrokenInvariant, configOf, type Group, type Member } from './members.ts'
import type { Node } from './node.ts'

/** Clocks of the simulation differ by half a percent from the true one. */
const CLOCK_TOLERANCE = 0.006
const TICK_MS = 1

interface Expectation {
  readonly group: Group
  readonly earliestMs: number
  readonly latestMs: number
}

/** Computes, before `victim` dies, when each of its routers must be active elsewhere; `check` after `atMs`. */
export function checkFailover(
  simulation: LanSimulation,
  { groups }: Invariants,
  victim: Node,
): { atMs: number; check: () => void } {
  const expectations = groups.flatMap((group): Expectation[] => {
    const dying = group.members.find(({ node, role }) => node === victim && role === 'active')
    const backups = group.members.filter(({ role }) => role === 'backup')
    if (!dying || backups.length === 0) return []
    const partners = partnersOf(groups, group, victim)
    // A group of which the victim does not have the whole is not taken over by its death.
    if (partners === null) return []
    const downMs = Math.min(...backups.map((backup) => wholeDownMs(backup, dying, partners)))
    const interfaceName = configOf(dying).interface
    const delayMs = simulation.lan.conditions(dying.node.host.description(interfaceName).segment).delayMs[1]
    return [
      {
        group,
        earliestMs: dying.lastSentMs + downMs * (1 - CLOCK_TOLERANCE),
        latestMs: dying.lastSentMs + downMs * (1 + CLOCK_TOLERANCE) + delayMs + TICK_MS,
      },
    ]
  })
  const diedAtMs = simulation.time.now()
  return {
    atMs: Math.max(diedAtMs, ...expectations.map(({ latestMs }) => latestMs)),
    check: () => {
      for (const expectation of expectations) checkOne(expectation, diedAtMs)
    },
  }
}

function checkOne({ group, earliestMs, latestMs }: Expectation, diedAtMs: number): void {
  const { id, activations } = group
  const firstMs = activations.find((atMs) => atMs >= diedAtMs)
  if (firstMs !== undefined && firstMs >= earliestMs && firstMs <= latestMs) return
  const range = `${earliestMs.toFixed(3)} to ${latestMs.toFixed(3)} ms`
  throw new BrokenInvariant(
    `failover takes three intervals and a skew: ${id} at ${firstMs?.toFixed(3) ?? 'no time'}, not ${range}`,
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

/** From the last word of this router until the backup's node can take over all that belongs together. */
function wholeDownMs(backup: Member, dying: Member, partners: readonly Partner[]): number {
  const ends = partners.flatMap((partner) => {
    const same = partner.group.members.find(({ node, role }) => node === backup.node && role === 'backup')
    return same === undefined ? [] : [partner.dying.lastSentMs + activeDownMs(same, partner.dying)]
  })
  return Math.max(...ends) - dying.lastSentMs
}

function activeDownMs(backup: Member, dying: Member): number {
  const own = configOf(backup)
  const intervalMs = own.version === 2 ? own.advertisementIntervalMs : configOf(dying).advertisementIntervalMs
  const skewUnitMs = own.version === 2 ? 1000 : intervalMs
  return 3 * intervalMs + ((256 - own.priority) * skewUnitMs) / 256
}

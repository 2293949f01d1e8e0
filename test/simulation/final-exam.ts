/** The promise VRRP is for: when an active dies, a backup takes over in three intervals and its skew, not earlier. */
import { BrokenInvariant, configOf, type Group, type Invariants, type Member } from './invariants.ts'
import type { LanSimulation } from './lan-simulation.ts'
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
    const downMs = Math.min(...backups.map((backup) => activeDownMs(backup, dying)))
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
  const { name, activations } = group
  const firstMs = activations.find((atMs) => atMs >= diedAtMs)
  if (firstMs !== undefined && firstMs >= earliestMs && firstMs <= latestMs) return
  const range = `${earliestMs.toFixed(3)} to ${latestMs.toFixed(3)} ms`
  throw new BrokenInvariant(
    `failover takes three intervals and a skew: ${name} at ${firstMs?.toFixed(3) ?? 'no time'}, not ${range}`,
  )
}

function activeDownMs(backup: Member, dying: Member): number {
  const own = configOf(backup)
  const intervalMs = own.version === 2 ? own.advertisementIntervalMs : configOf(dying).advertisementIntervalMs
  const skewUnitMs = own.version === 2 ? 1000 : intervalMs
  return 3 * intervalMs + ((256 - own.priority) * skewUnitMs) / 256
}

/**
 * A router process has died and this one takes its place. Which virtual routers go on as active, as if nothing had
 * happened, and which addresses did the dead one leave behind that nobody may hold now?
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Prefix } from '@aloft/shared/network/prefix'
import type { Role } from '@aloft/shared/protocol/events'
import type { Heartbeat } from './heartbeat.ts'

/** What a router process leaves in `router-state.json` at each transition. */
export interface RolesFile {
  readonly runId: string
  readonly bootId: string
  readonly routers: readonly RoleEntry[]
}

export interface RoleEntry {
  readonly name: string
  readonly interface: string
  readonly vrid: number
  readonly family: VirtualRouterConfig['family']
  readonly role: Role
  readonly addresses: readonly Prefix[]
}

export interface ResumeQuestion {
  readonly left: RolesFile | null
  readonly heartbeat: Heartbeat | null
  readonly bootId: string
  readonly nowMs: number
  readonly routers: readonly VirtualRouterConfig[]
}

export interface ResumeAnswer {
  /** `gapMs`: how long nobody was at the wheel. */
  readonly resume: readonly { readonly name: string; readonly gapMs: number }[]
  readonly release: readonly { readonly interfaceName: string; readonly addresses: readonly Prefix[] }[]
}

/**
 * A backup gives up on its active after three silent intervals and a skew. The dead process may have advertised a
 * whole interval before its last sign of life; two more may pass before the successor's first advertisement must be
 * out. Hence younger than 2 × interval.
 */
const INTERVALS_MAX = 2

export function decideResume({ left, heartbeat, bootId, nowMs, routers }: ResumeQuestion): ResumeAnswer {
  // After a reboot the kernel holds none of the addresses, and the old monotonic times mean nothing.
  if (left === null || left.bootId !== bootId) return { resume: [], release: [] }
  const isSameRun = heartbeat !== null && heartbeat.bootId === bootId && heartbeat.runId === left.runId
  const gapMs = isSameRun ? Math.max(0, nowMs - heartbeat.atMonoMs) : Number.POSITIVE_INFINITY

  const resume: { name: string; gapMs: number }[] = []
  const release: { interfaceName: string; addresses: readonly Prefix[] }[] = []
  for (const entry of left.routers.filter(({ role }) => role === 'active')) {
    const successor = routers.find((router) => isSameRouter(router, entry))
    if (successor && gapMs < INTERVALS_MAX * successor.advertisementIntervalMs) {
      resume.push({ name: successor.name, gapMs })
      const dropped = entry.addresses.filter((address) => !includes(successor.addresses, address))
      if (dropped.length > 0) release.push({ interfaceName: entry.interface, addresses: dropped })
    } else {
      release.push({ interfaceName: entry.interface, addresses: entry.addresses })
    }
  }
  return { resume, release }
}

function isSameRouter(router: VirtualRouterConfig, entry: RoleEntry): boolean {
  return router.interface === entry.interface && router.vrid === entry.vrid && router.family === entry.family
}

function includes(addresses: readonly Prefix[], wanted: Prefix): boolean {
  return addresses.some(
    ({ address, prefixLength }) => address === wanted.address && prefixLength === wanted.prefixLength,
  )
}

/**
 * A router process has died and this one takes its place. Which virtual routers go on as active, as if nothing had
 * happened, and which addresses did the dead one leave behind that nobody may hold now?
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Prefix } from '@aloft/shared/network/prefix'
import type { Role } from '@aloft/shared/protocol/events'
import type { Heartbeat } from './heartbeat.ts'
import { holdingOf } from './loop/holding-of.ts'
import { keyOf } from './loop/instance.ts'

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
  /** Virtual addresses of these routers that are on the host now. */
  readonly held: readonly InterfaceAddresses[]
}

export interface InterfaceAddresses {
  readonly interfaceName: string
  readonly addresses: readonly Prefix[]
}

export interface Resumption {
  /** `wireKey`: a name may stand for a router of each family. */
  readonly key: string
  /** How long nobody was at the wheel. */
  readonly gapMs: number
}

export interface ResumeAnswer {
  readonly resume: readonly Resumption[]
  /** What the dead process left on the host and nobody may hold now. */
  readonly release: readonly InterfaceAddresses[]
}

/**
 * A backup gives up on its active after three silent intervals and a skew. The dead process may have advertised a
 * whole interval before its last sign of life; two more may pass before the successor's first advertisement must be
 * out. Hence younger than 2 × interval.
 */
const INTERVALS_MAX = 2

export function decideResume(question: ResumeQuestion): ResumeAnswer {
  const { left, bootId, routers, held } = question
  // After a reboot the kernel holds none of the addresses, and the old monotonic times mean nothing.
  const wereActive = left?.bootId === bootId ? left.routers.filter(({ role }) => role === 'active') : []
  const gapMs = silence(question)
  const successors = wereActive.flatMap((entry) => {
    const successor = routers.find((router) => isSameRouter(router, entry))
    return successor && gapMs < INTERVALS_MAX * successor.advertisementIntervalMs ? [successor] : []
  })
  const leftBehind = [
    ...wereActive.map((entry) => ({ interfaceName: entry.interface, addresses: entry.addresses })),
    // A process killed in the middle of a takeover held addresses it had not yet written down.
    ...held,
  ]
  const release = leftBehind
    .map(({ interfaceName, addresses }) => ({
      interfaceName,
      addresses: addresses.filter((address) => !isTakenOver(successors, interfaceName, address)),
    }))
    .filter(({ addresses }) => addresses.length > 0)
  return { resume: successors.map((router) => ({ key: keyOf(router), gapMs })), release }
}

/** How long ago the process that wrote the roles last ran; infinite when nobody can tell. */
function silence({ left, heartbeat, bootId, nowMs }: ResumeQuestion): number {
  if (heartbeat === null || heartbeat.bootId !== bootId || heartbeat.runId !== left?.runId) {
    return Number.POSITIVE_INFINITY
  }
  return Math.max(0, nowMs - heartbeat.atMonoMs)
}

function isSameRouter(router: VirtualRouterConfig, entry: RoleEntry): boolean {
  return router.interface === entry.interface && router.vrid === entry.vrid && router.family === entry.family
}

function isTakenOver(
  successors: readonly VirtualRouterConfig[],
  interfaceName: string,
  { address, prefixLength }: Prefix,
): boolean {
  return successors.some((router) =>
    holdingOf(router).addresses.some(
      (each) =>
        each.device === interfaceName && each.address === address && each.prefixLength === prefixLength,
    ),
  )
}

import { z } from 'zod'
import { FamilyName, Role } from '../protocol/events.ts'

/**
 * What a virtual router did for its clients. `served`: one node was active, seen by itself or heard by a backup.
 * `degraded`: more than one was. `down`: none was. `unknown`: nobody can tell; it counts for nothing. `excluded`: not to
 * be counted; nothing is, until there are maintenance windows.
 */
export const ServiceState = z.enum(['served', 'degraded', 'down', 'unknown', 'excluded'])
export type ServiceState = z.infer<typeof ServiceState>

const sums = {
  servedMs: z.number(),
  degradedMs: z.number(),
  downMs: z.number(),
  unknownMs: z.number(),
  excludedMs: z.number(),
  /** How often it went down. */
  outages: z.int(),
  /** (served + degraded) / (served + degraded + down); null when nothing at all is known. */
  availability: z.number().nullable(),
}

export const AvailabilityStep = z.object({ startAt: z.string(), ...sums })
export type AvailabilityStep = z.infer<typeof AvailabilityStep>

export const RouterAvailability = z.object({
  virtualRouter: z.string(),
  site: z.string(),
  name: z.string(),
  vrid: z.int(),
  family: FamilyName,
  addresses: z.array(z.string()),
  ...sums,
  /** By hour or day, if asked for. */
  steps: z.array(AvailabilityStep).optional(),
})
export type RouterAvailability = z.infer<typeof RouterAvailability>

/** Whole hours: `from` and `to` say which. `total` is of everything asked for, not of this page alone. */
export const Availability = z.object({
  from: z.string(),
  to: z.string(),
  total: z.object({ virtualRouters: z.int(), ...sums }),
  /** Of one address, whichever routers had it; null unless it was asked for. */
  address: z.object({ address: z.string(), ...sums, steps: z.array(AvailabilityStep).optional() }).nullable(),
  items: z.array(RouterAvailability),
  nextCursor: z.string().nullable(),
})
export type Availability = z.infer<typeof Availability>

const span = { from: z.string(), to: z.string() }

/** One virtual router over a period: what each node was, what that made of the router, and where nobody can tell. */
export const Timeline = z.object({
  virtualRouter: z.string(),
  ...span,
  states: z.array(z.object({ ...span, state: ServiceState, active: z.array(z.string()) })),
  nodes: z.array(
    z.object({
      agentId: z.string(),
      node: z.string(),
      /** Null role: unknown, for this reason. */
      roles: z.array(z.object({ ...span, role: Role.nullable(), unknownBecause: z.string().nullable() })),
    }),
  ),
  /** `outageMs` is what the node that ended it measured on its own clock, of the failover named. */
  outages: z.array(
    z.object({
      ...span,
      durationMs: z.number(),
      failover: z.string().nullable(),
      outageMs: z.number().nullable(),
    }),
  ),
  /** Periods of which events are lost or nothing was recorded. */
  gaps: z.array(
    z.object({
      agentId: z.string(),
      node: z.string(),
      ...span,
      cause: z.string(),
      events: z.int().nullable(),
    }),
  ),
})
export type Timeline = z.infer<typeof Timeline>

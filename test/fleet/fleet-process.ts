/** A process full of simulated agents, told by its parent what to do: the load must not share a heap with what measures it. */
import { randomUUID } from 'node:crypto'
import type { DatabaseAddress } from '../../control-plane/src/database/client.ts'
import { until } from '../lab/wait.ts'
import { GeneratedSpool } from './generated-spool.ts'
import { enrolPlainFleet, type PlainAgent } from './plain-fleet.ts'

export type FleetOrder =
  | { readonly do: 'enrol'; readonly address: DatabaseAddress; readonly url: string; readonly count: number }
  /** Dials everybody at once; answers when all are connected. */
  | { readonly do: 'connect'; readonly withinMs: number }
  /** Lets every agent observe so much at once; answers when all is acknowledged. */
  | { readonly do: 'load'; readonly eventsEach: number; readonly agents: number }
  /** Lets the fleet observe so many events a second, one here and one there, until `rest`; answers at once. */
  | { readonly do: 'pace'; readonly eventsPerSecond: number }
  | { readonly do: 'rest' }
  | { readonly do: 'watch'; readonly withinMs: number }
  | { readonly do: 'attempts'; readonly sinceMs: number }

export interface FleetAnswer {
  readonly agents?: number
  /** How long it took, in milliseconds. */
  readonly tookMs?: number
  readonly live?: number
  /** Events observed at a pace. */
  readonly paced?: number
  readonly perAgent?: readonly (readonly DialFacts[])[]
}

/** By Date.now(), for the other process. */
export interface DialFacts {
  readonly atMs: number
  readonly endedAtMs: number | null
  readonly code: number | null
  readonly retryAfterMs: number | null
  readonly spreadMs: number | null
}

const PACE_MS = 20
let pacer: NodeJS.Timeout | null = null
let paced = 0
let fleet: readonly PlainAgent<GeneratedSpool>[] = []
const live = () => fleet.filter(({ uplink }) => uplink.isLive).length

async function obey(order: FleetOrder): Promise<FleetAnswer> {
  const beganMs = performance.now()
  const took = (): FleetAnswer => ({ tookMs: performance.now() - beganMs, live: live() })
  switch (order.do) {
    case 'enrol': {
      const { address, url, count } = order
      const bootId = randomUUID()
      fleet = await enrolPlainFleet({
        address,
        url,
        count,
        spoolOf: ({ site, isFirst }) => new GeneratedSpool({ bootId, vrid: 1 + (site % 255), isFirst }),
      })
      return { agents: fleet.length }
    }
    case 'connect':
      for (const { uplink } of fleet) {
        uplink.start()
        uplink.routerIs(true)
      }
      await until(() => live() === fleet.length, {
        what: 'all agents to be connected',
        withinMs: order.withinMs,
      })
      return took()
    case 'load': {
      const loaded = fleet.slice(0, order.agents)
      for (const { spool } of loaded) spool.grow(order.eventsEach)
      const isDone = () => loaded.every(({ spool: { condition } }) => condition.heldSeq === condition.lastSeq)
      await until(isDone, { what: 'all events to be acknowledged', withinMs: 120_000, everyMs: 5 })
      return took()
    }
    case 'pace': {
      for (const { spool } of fleet) spool.paceAt((fleet.length * 1_000) / order.eventsPerSecond)
      paced = 0
      // By the clock: a busy process is late at each turn, and would report less than it says.
      pacer = setInterval(() => {
        const due = ((performance.now() - beganMs) * order.eventsPerSecond) / 1_000
        for (; paced < due; paced++) fleet[paced % fleet.length]?.spool.grow(1)
      }, PACE_MS)
      return {}
    }
    case 'rest': {
      if (pacer !== null) clearInterval(pacer)
      const isDone = () => fleet.every(({ spool: { condition } }) => condition.heldSeq === condition.lastSeq)
      await until(isDone, { what: 'all events to be acknowledged', withinMs: 60_000, everyMs: 5 })
      return { ...took(), paced }
    }
    case 'watch':
      // Everybody must have been lost first, or the old sessions would count.
      await until(() => live() < fleet.length / 2, { what: 'the sessions to end', withinMs: 30_000 })
      await until(() => live() === fleet.length, {
        what: 'all to be back',
        withinMs: order.withinMs,
        everyMs: 50,
      })
      return took()
    case 'attempts': {
      const shift = Date.now() - performance.now()
      return {
        perAgent: fleet.map(({ attempts }) =>
          attempts
            .map(({ atMs, endedAtMs, code, retryAfterMs, spreadMs }) => ({
              atMs: atMs + shift,
              endedAtMs: endedAtMs === null ? null : endedAtMs + shift,
              code,
              retryAfterMs,
              spreadMs,
            }))
            .filter(({ atMs, endedAtMs }) => atMs >= order.sinceMs || (endedAtMs ?? 0) >= order.sinceMs),
        ),
      }
    }
  }
}

process.on('message', (order: FleetOrder) => {
  obey(order).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.once('disconnect', () => process.exit(0))
process.send?.({ answer: {} })

import type { Availability, AvailabilityStep, RouterAvailability } from '@aloft/shared/api/availability'
import { z } from 'zod'
import type { Queryable } from '../database/client.ts'
import { isoInstant } from '../http/instant.ts'
import { decodeCursor, isId, toPage } from '../http/list-query.ts'
import { Invalid } from '../problems.ts'
import { mergeSegments, type PeriodSums, type Sums, segmentsOf, sumsOf } from './derive.ts'
import { readHistories } from './history.ts'
import {
  type RouterSumsRow,
  type SumFilter,
  type SumSpan,
  selectRouterSums,
  selectSteps,
  selectTotal,
} from './store-read.ts'
import { DAY_MS, HOUR_MS } from './sum-up.ts'

export interface ReadAvailability extends SumFilter {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly step?: 'hour' | 'day' | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

const DEFAULT_MS = 30 * DAY_MS
/** So that an answer stays an answer. */
const STEPS_MAX = 20_000
/** Routers that had one address one after the other. */
const ROUTERS_OF_ADDRESS_MAX = 20
const Cursor = z.tuple([z.string(), z.string(), z.uuid()])

export async function readAvailability(
  db: Queryable,
  input: ReadAvailability,
  nowMs: number,
): Promise<Availability> {
  const span = spanOf(input, nowMs)
  const { cursor, limit, step, virtualRouter } = input
  checkSteps(span, step, limit)
  if (virtualRouter !== undefined && !isId(virtualRouter)) return nothing(span)
  const after = decodeCursor(cursor, Cursor)
  const rows = await selectRouterSums(db, { ...input, after, limit: limit + 1 }, span)
  const page = toPage(rows, limit, (row) => [row.site, row.name, row.id])
  const total = await selectTotal(db, input, span)
  const steps = step === undefined ? null : await stepsOf(db, page.items, span, step)
  return {
    from: isoInstant(span.fromMs),
    to: isoInstant(span.toMs),
    total: { virtualRouters: total.routers, ...shown(withUnknown(total, total.observed_ms)) },
    address: await addressOf(db, input, rows, span),
    items: page.items.map((row) => toItem(row, steps?.get(row.id))),
    nextCursor: page.nextCursor,
  }
}

/** Whole hours that are over. */
function spanOf({ from, to }: ReadAvailability, nowMs: number): SumSpan {
  const toMs = Math.floor(Math.min(to ?? nowMs, nowMs) / HOUR_MS) * HOUR_MS
  const fromMs = Math.min(Math.floor((from ?? toMs - DEFAULT_MS) / HOUR_MS) * HOUR_MS, toMs)
  const firstDayMs = Math.ceil(fromMs / DAY_MS) * DAY_MS
  return { fromMs, toMs, firstDayMs, endDayMs: Math.floor(toMs / DAY_MS) * DAY_MS }
}

function checkSteps({ fromMs, toMs }: SumSpan, step: ReadAvailability['step'], limit: number): void {
  if (step === undefined) return
  const steps = ((toMs - fromMs) / (step === 'hour' ? HOUR_MS : DAY_MS)) * limit
  if (steps <= STEPS_MAX) return
  const message = `${Math.ceil(steps)} steps are too many for one answer; ask for fewer with limit, from and to`
  throw new Invalid(`?step: ${message}`, [{ pointer: '?step', message }])
}

function nothing(span: SumSpan): Availability {
  const sums = { servedMs: 0, degradedMs: 0, downMs: 0, unknownMs: 0, excludedMs: 0, outages: 0 }
  const total = { virtualRouters: 0, ...shown(sums) }
  const [from, to] = [isoInstant(span.fromMs), isoInstant(span.toMs)]
  return { from, to, total, address: null, items: [], nextCursor: null }
}

/** What was observed and is not summed up, or could not be told, is unknown. */
function withUnknown(row: Parameters<typeof sumsOfRow>[0], observedMs: number): Sums {
  const sums = sumsOfRow(row)
  const known = sums.servedMs + sums.degradedMs + sums.downMs + sums.excludedMs
  return { ...sums, unknownMs: Math.max(0, observedMs - known) }
}

function sumsOfRow(row: {
  readonly served_ms: number
  readonly degraded_ms: number
  readonly down_ms: number
  readonly excluded_ms: number
  readonly outages: number
}): Omit<Sums, 'unknownMs'> {
  return {
    servedMs: row.served_ms,
    degradedMs: row.degraded_ms,
    downMs: row.down_ms,
    excludedMs: row.excluded_ms,
    outages: row.outages,
  }
}

/** Sums as the API shows them: whole microseconds, and the share of the time that is known. */
function shown(sums: Sums) {
  const { servedMs, degradedMs, downMs, unknownMs, excludedMs, outages } = sums
  const goodMs = servedMs + degradedMs
  const knownMs = goodMs + downMs
  const round = (ms: number) => Math.round(ms * 1000) / 1000
  return {
    servedMs: round(servedMs),
    degradedMs: round(degradedMs),
    downMs: round(downMs),
    unknownMs: round(unknownMs),
    excludedMs: round(excludedMs),
    outages,
    availability: knownMs > 0 ? goodMs / knownMs : null,
  }
}

function toItem(row: RouterSumsRow, steps: readonly AvailabilityStep[] | undefined): RouterAvailability {
  const { id, site, name, vrid, family, addresses } = row
  return {
    virtualRouter: id,
    site,
    name,
    vrid,
    family,
    addresses: [...addresses],
    ...shown(withUnknown(row, row.observed_ms)),
    ...(steps === undefined ? {} : { steps: [...steps] }),
  }
}

const toStep = ({ startMs, ...sums }: PeriodSums): AvailabilityStep => ({
  startAt: isoInstant(startMs),
  ...shown(sums),
})

async function stepsOf(
  db: Queryable,
  rows: readonly RouterSumsRow[],
  span: SumSpan,
  step: 'hour' | 'day',
): Promise<ReadonlyMap<string, readonly AvailabilityStep[]>> {
  const steps = new Map<string, AvailabilityStep[]>(rows.map(({ id }) => [id, []] as const))
  const ids = rows.map(({ id }) => id)
  // A day that is asked for in part is shown whole.
  const fromMs = step === 'hour' ? span.fromMs : Math.floor(span.fromMs / DAY_MS) * DAY_MS
  for (const { router, ...sums } of await selectSteps(db, ids, { fromMs, toMs: span.toMs, step }))
    steps.get(router)?.push(toStep(sums))
  return steps
}

/** Of an address that several routers had: what they did for it together. */
async function addressOf(
  db: Queryable,
  { address, step }: ReadAvailability,
  rows: readonly RouterSumsRow[],
  { fromMs, toMs }: SumSpan,
): Promise<Availability['address']> {
  const observed = rows.filter(({ first_ms }) => Number.isFinite(first_ms)).slice(0, ROUTERS_OF_ADDRESS_MAX)
  if (address === undefined || observed.length === 0) return null
  const beforeMs = fromMs - HOUR_MS
  const histories = await readHistories(
    db,
    observed.map(({ id }) => ({ id, fromMs: beforeMs, toMs })),
  )
  const segments = mergeSegments(
    [...histories.values()].map(({ nodes }) => segmentsOf(nodes, beforeMs, toMs)),
  )
  const firstMs = Math.max(fromMs, Math.min(...observed.map(({ first_ms }) => first_ms)))
  if (firstMs >= toMs) return null
  const stepMs = step === 'hour' ? HOUR_MS : DAY_MS
  const [whole] = sumsOf(segments, { fromMs: firstMs, toMs, stepMs: toMs - firstMs })
  if (whole === undefined) return null
  const steps = step === undefined ? [] : sumsOf(segments, { fromMs: firstMs, toMs, stepMs }).map(toStep)
  return { address, ...shown(whole), ...(step === undefined ? {} : { steps }) }
}

import type { Operations } from '@aloft/client/api.generated'
import type { Client } from '@aloft/client/client'
import type { Command } from 'commander'
import { aboutOne, refuseAbsent } from './absent.ts'
import {
  connectFleet,
  type FleetOptions,
  isFiltered,
  printJson,
  wholeNumber,
  withFleetOptions,
} from './fleet-command.ts'
import { isId } from './ids.ts'
import { readSpan, showInstant, showOutage } from './instant.ts'
import { Refused, WrongUsage } from './outcome.ts'
import { formatTable } from './table.ts'

interface AvailabilityOptions extends FleetOptions {
  readonly site?: string
  readonly virtualRouter?: string
  readonly from: string
  readonly to?: string
  readonly limit: number
}

type Availability = Operations['GET /api/v1/availability']['answer']
type RouterAvailability = Availability['items'][number]
type Outage = Operations['GET /api/v1/virtual-routers/{id}/timeline']['answer']['outages'][number]
type Sums = Pick<
  RouterAvailability,
  'servedMs' | 'degradedMs' | 'downMs' | 'unknownMs' | 'outages' | 'availability'
>

const PAGE_MAX = 500
/** The API tells no longer timeline. */
const TIMELINE_MAX_MS = 100 * 86_400_000

export function mountAvailability(program: Command): void {
  const command = program
    .command('availability')
    .description('how long virtual routers were served, degraded, down or unknown; of one, its outages too')
    .option('--site <site>', 'of one site only')
    .option('--virtual-router <name>', 'of one virtual router only, by name or id')
    .option('--from <when>', 'since this instant (2026-11-22T21:00:00Z) or this long ago', '90d')
    .option('--to <when>', 'until this instant or this long ago (default: now)')
    .option('--limit <count>', 'at most so many virtual routers', wholeNumber(1, 100_000), 500)
  withFleetOptions(command).action(showAvailability)
}

async function showAvailability(options: AvailabilityOptions): Promise<void> {
  const { site, from, to, limit, virtualRouter: name } = options
  const span = readSpan({ from, to }, Date.now())
  const client = await connectFleet(options)
  const virtualRouter = name === undefined ? undefined : await findRouter(client, name, site)
  const answer = await readAll(client, { site, virtualRouter, ...span }, limit)
  if (answer.items.length === 0) await refuseAbsent(client, { site })
  if (options.json) return printJson(answer)
  if (answer.items.length === 0) {
    return console.log(
      isFiltered({ site, virtualRouter })
        ? 'No virtual router matches. `aloft availability` without filters shows them all.'
        : 'No virtual router yet. One appears here when an enrolled agent runs it; see `aloft agents`.',
    )
  }
  console.log(
    `From ${minute(answer.from)} to ${minute(answer.to)} UTC.\nUnknown time counts neither for nor against.\n`,
  )
  console.log(tableOf(answer))
  if (answer.nextCursor !== null) console.log(`There are more; --limit ${limit * 2} shows them.`)
  if (virtualRouter !== undefined) await showOutages(client, virtualRouter, answer)
}

/** The id of the one virtual router of this name. */
async function findRouter(client: Client, name: string, site: string | undefined): Promise<string> {
  if (isId(name)) {
    const read = () => client.call('GET /api/v1/virtual-routers/{id}', { path: { id: name } })
    return (await aboutOne(client, { kind: 'virtual-router', name }, read)).id
  }
  const { items } = await client.list('GET /api/v1/virtual-routers', Number.POSITIVE_INFINITY, {
    query: { site, name },
  })
  const [router, ...others] = items
  if (router === undefined) {
    await refuseAbsent(client, { site, 'virtual-router': name })
    throw new Refused(
      `there is no virtual router ${name} at site ${site}; \`aloft virtual-routers\` lists them`,
    )
  }
  if (others.length > 0) {
    const names = items.map((one) => `${one.site}/${one.name} ${one.vrid} ${one.family} (${one.id})`)
    throw new WrongUsage(
      `${name} is the name of several virtual routers: ${names.join(', ')}; give --site or the id`,
    )
  }
  return router.id
}

/** Page by page; the total is of everything on each of them. */
async function readAll(
  client: Client,
  query: {
    readonly site: string | undefined
    readonly virtualRouter: string | undefined
    readonly from?: string
  },
  limit: number,
): Promise<Availability> {
  const items: RouterAvailability[] = []
  let cursor: string | undefined
  while (true) {
    const page = await client.call('GET /api/v1/availability', {
      query: { ...query, limit: Math.min(PAGE_MAX, limit - items.length), cursor },
    })
    items.push(...page.items)
    if (page.nextCursor === null || items.length >= limit) return { ...page, items }
    cursor = page.nextCursor
  }
}

const SUMS = ['AVAILABILITY', 'SERVED', 'DEGRADED', 'DOWN', 'UNKNOWN', 'OUTAGES']

function tableOf({ items, total }: Availability): string {
  const rows = items.map((item) => [item.site, item.name, String(item.vrid), item.family, ...sumsOf(item)])
  // One row needs no total.
  if (total.virtualRouters > 1) rows.push([`all ${total.virtualRouters}`, '', '', '', ...sumsOf(total)])
  const names = ['SITE', 'ROUTER', { title: 'VRID', spare: 1 }, { title: 'FAMILY', spare: 2 }]
  return formatTable([...names, ...SUMS], rows)
}

function sumsOf({ servedMs, degradedMs, downMs, unknownMs, outages, availability }: Sums): string[] {
  const times = [servedMs, degradedMs, downMs, unknownMs].map(showTime)
  return [showShare(availability), ...times, String(outages)]
}

/** Cut, not rounded: what was down for a moment was not there all the time. */
function showShare(share: number | null): string {
  if (share === null) return 'unknown'
  return share === 1 ? '100%' : `${(Math.floor(share * 1e7) / 1e5).toFixed(5)}%`
}

/** The two largest units that say it: `89d 23h`, `3m 20s`, `3.512s`, `0`. */
function showTime(ms: number): string {
  if (ms === 0) return '0'
  if (ms < 1_000) return `${Math.max(1, Math.round(ms))}ms`
  if (ms < 60_000) return `${Math.round(ms) / 1_000}s`
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const
  const at = units.findIndex(([, unitMs]) => ms >= unitMs)
  const [[unit, unitMs], [smaller, smallerMs]] = [units[at] ?? units[2], units[at + 1] ?? units[3]]
  const rest = Math.floor((ms % unitMs) / smallerMs)
  return `${Math.floor(ms / unitMs)}${unit}${rest === 0 ? '' : ` ${rest}${smaller}`}`
}

/** `2026-11-22T21:00:00.000Z` → `2026-11-22 21:00`: the sums are of whole hours. */
const minute = (iso: string) => showInstant(iso).slice(0, 16)

async function showOutages(client: Client, id: string, { from, to }: Availability): Promise<void> {
  if (Date.parse(to) - Date.parse(from) > TIMELINE_MAX_MS) {
    return console.log('\nIts outages one by one are of 100 days at most; give a later --from.')
  }
  const { outages } = await client.call('GET /api/v1/virtual-routers/{id}/timeline', {
    path: { id },
    query: { from, to },
  })
  if (outages.length === 0) return console.log('\nNo outage is known of that time.')
  console.log(`\n${formatTable(['DOWN FROM (UTC)', 'TO', 'FOR', 'FAILOVER'], outages.map(outageRow))}`)
}

function outageRow({ from, to, durationMs, outageMs, failover }: Outage): string[] {
  return [
    showInstant(from),
    showInstant(to),
    outageMs === null ? showTime(durationMs) : showOutage(outageMs),
    failover ?? '-',
  ]
}

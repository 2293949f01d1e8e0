import type { Failover } from '@aloft/client/api.generated'
import type { Command } from 'commander'
import { refuseAbsent } from './absent.ts'
import {
  connectFleet,
  type FleetOptions,
  isFiltered,
  printJson,
  wholeNumber,
  withFleetOptions,
} from './fleet-command.ts'
import { readSpan, showAgo, showInstant, showOutage } from './instant.ts'
import { formatTable } from './table.ts'

export interface FailoverFilters {
  readonly site?: string
  readonly router?: string
  readonly vrid?: number
  readonly node?: string
  readonly family?: string
  readonly reason?: string
  readonly planned?: boolean
  readonly late?: boolean
  readonly from?: string
  readonly to?: string
}

interface FailoversOptions extends FleetOptions, FailoverFilters {
  readonly limit: number
}

/** What selects failovers, here and for `aloft export failovers`. */
export function withFailoverFilters(command: Command): Command {
  return command
    .option('--site <site>', 'of one site only')
    .option('--router <name>', 'of virtual routers of this name only')
    .option('--vrid <vrid>', 'of one VRID only', wholeNumber(1, 255))
    .option('--node <node>', 'from or to this node only')
    .option('--family <family>', 'ipv4 or ipv6 only')
    .option('--reason <reason>', 'for this reason only, such as no-response, interface-down, step-down')
    .option('--planned', 'only those somebody wanted')
    .option('--no-planned', 'only those nobody wanted')
    .option('--late', 'only those that were learned of long after they happened')
    .option('--from <when>', 'not before this instant (2026-11-22T21:00:00Z) or this long ago (24h)')
    .option('--to <when>', 'before this instant or this long ago')
}

export function failoverQuery({ router, family, reason, from, to, ...same }: FailoverFilters) {
  const { site, vrid, node, planned, late } = same
  return {
    site,
    name: router,
    vrid,
    node,
    // The API says what there is when it is none of them.
    family: family as Failover['family'] | undefined,
    reason: reason as Failover['reason'] | undefined,
    planned,
    late,
    ...readSpan({ from, to }, Date.now()),
  }
}

export function mountFailovers(program: Command): void {
  const command = program
    .command('failovers')
    .description('list failovers, newest first; --json holds the evidence of every node')
  withFailoverFilters(command).option('--limit <count>', 'at most so many', wholeNumber(1, 100_000), 50)
  withFleetOptions(command).action(showFailovers)
}

async function showFailovers(options: FailoversOptions): Promise<void> {
  const query = failoverQuery(options)
  const client = await connectFleet(options)
  const failovers = await client.list('GET /api/v1/failovers', options.limit, { query })
  if (failovers.items.length === 0)
    await refuseAbsent(client, { site: options.site, node: options.node, 'virtual-router': options.router })
  if (options.json) return printJson(failovers)
  if (failovers.items.length === 0) {
    return console.log(
      isFiltered(query)
        ? 'No failover matches. `aloft failovers` without filters lists them all.'
        : 'No failover so far. `aloft events --follow` waits for what happens.',
    )
  }
  const now = Date.now()
  const headings = [
    'OCCURRED (UTC)',
    { title: 'AGO', spare: 3 },
    ...['SITE', 'ROUTER'],
    { title: 'VRID', spare: 2 },
    ...['FROM', 'TO', 'REASON', 'OUTAGE'],
    { title: 'PLANNED', spare: 1 },
  ]
  console.log(
    formatTable(
      headings,
      failovers.items.map((failover) => row(failover, now)),
    ),
  )
  if (failovers.nextCursor !== null) console.log(`There are more; --limit ${options.limit * 2} shows them.`)
}

function row(failover: Failover, nowMs: number): string[] {
  const { occurredAt, site, virtualRouter, vrid, from, to, reason, outageMs, planned, late } = failover
  const name = [showInstant(occurredAt), showAgo(occurredAt, nowMs), site, virtualRouter, String(vrid)]
  const how = `${planned ? 'yes' : 'no'}${late ? ' (late)' : ''}`
  return [...name, from ?? 'unknown', to, reason, showOutage(outageMs), how]
}

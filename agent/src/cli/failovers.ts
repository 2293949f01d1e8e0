import type { Failover } from '@aloft/shared/api/schemas'
import type { Command } from 'commander'
import { connectFleet, type FleetOptions, wholeNumber, withFleetOptions } from './fleet-command.ts'
import { readInstant, showInstant, showOutage } from './instant.ts'
import { formatTable } from './table.ts'

interface FailoversOptions extends FleetOptions {
  readonly site?: string
  readonly vrid?: number
  readonly from?: string
  readonly to?: string
  readonly limit: number
}

export function mountFailovers(program: Command): void {
  const command = program
    .command('failovers')
    .description('list failovers, newest first; --json holds the evidence of every node')
    .option('--site <site>', 'of one site only')
    .option('--vrid <vrid>', 'of one VRID only', wholeNumber(1, 255))
    .option('--from <when>', 'not before this instant (2026-11-22T21:00:00Z) or this long ago (1h)')
    .option('--to <when>', 'before this instant or this long ago')
    .option('--limit <count>', 'at most so many', wholeNumber(1, 100_000), 50)
  withFleetOptions(command).action(showFailovers)
}

async function showFailovers(options: FailoversOptions): Promise<void> {
  const { site, vrid, from, to, limit } = options
  const filters = {
    site,
    vrid,
    from: from === undefined ? undefined : readInstant('--from', from, Date.now()),
    to: to === undefined ? undefined : readInstant('--to', to, Date.now()),
  }
  const client = await connectFleet(options)
  const { Failover: schema } = await import('@aloft/shared/api/schemas')
  const failovers = await client.list(schema, 'failovers', { limit, filters })
  if (options.json) return console.log(JSON.stringify(failovers, null, 2))
  if (failovers.items.length === 0) {
    const isFiltered = Object.values(filters).some((value) => value !== undefined)
    return console.log(
      isFiltered
        ? 'No failover matches.'
        : 'No failover so far. `aloft events --follow` waits for what happens.',
    )
  }
  const headings = ['OCCURRED (UTC)', 'SITE', 'ROUTER', 'VRID', 'FROM', 'TO', 'REASON', 'OUTAGE', 'PLANNED']
  console.log(formatTable(headings, failovers.items.map(row)))
  if (failovers.nextCursor !== null) console.log(`There are more; --limit ${limit * 2} shows them.`)
}

function row({
  occurredAt,
  site,
  virtualRouter,
  vrid,
  from,
  to,
  reason,
  outageMs,
  planned,
}: Failover): string[] {
  const outage = showOutage(outageMs)
  const name = [showInstant(occurredAt), site, virtualRouter, String(vrid)]
  return [...name, from ?? 'unknown', to, reason, outage, planned ? 'yes' : 'no']
}

import type { Command } from 'commander'
import { connectFleet, type FleetOptions, withFleetOptions } from './fleet-command.ts'
import { showAgo } from './instant.ts'
import { formatTable } from './table.ts'

export function mountSites(program: Command): void {
  const command = program.command('sites').description('list the sites, with what is well and what is not')
  withFleetOptions(command).action(showSites)
}

async function showSites(options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  const { Site } = await import('@aloft/shared/api/schemas')
  const sites = await client.list(Site, 'sites')
  if (options.json) return console.log(JSON.stringify(sites, null, 2))
  if (sites.items.length === 0) {
    return console.log(
      'No site yet. `aloft token create --site NAME` makes the first one and says what to run on its nodes.',
    )
  }
  const rows = sites.items.map(({ name, agents, virtualRouters: routers, lastFailoverAt }) => [
    name,
    `${agents.connected}/${agents.total}`,
    `${routers.served}/${routers.total}`,
    String(routers.splitBrain),
    String(routers.noActive),
    String(routers.unknown),
    showAgo(lastFailoverAt, Date.now()),
  ])
  const headings = ['SITE', 'AGENTS', 'SERVED', 'SPLIT BRAIN', 'NO ACTIVE', 'UNKNOWN', 'LAST FAILOVER']
  console.log(formatTable(headings, rows))
}

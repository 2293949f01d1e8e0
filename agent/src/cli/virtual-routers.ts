import type { VirtualRouter } from '@aloft/shared/api/schemas'
import type { Command } from 'commander'
import { connectFleet, type FleetOptions, withFleetOptions } from './fleet-command.ts'
import { formatTable, orDash } from './table.ts'

interface VirtualRoutersOptions extends FleetOptions {
  readonly site?: string
}

export function mountVirtualRouters(program: Command): void {
  const command = program
    .command('virtual-routers')
    .description('list the virtual routers, who is active and who stands by')
    .option('--site <site>', 'of one site only')
  withFleetOptions(command).action(showVirtualRouters)
}

async function showVirtualRouters(options: VirtualRoutersOptions): Promise<void> {
  const client = await connectFleet(options)
  const { VirtualRouter: schema } = await import('@aloft/shared/api/schemas')
  const routers = await client.list(schema, 'virtual-routers', { filters: { site: options.site } })
  if (options.json) return console.log(JSON.stringify(routers, null, 2))
  if (routers.items.length === 0) {
    return console.log(
      'No virtual router yet. One appears here when an enrolled agent runs it; see `aloft agents`.',
    )
  }
  console.log(
    formatTable(['SITE', 'NAME', 'VRID', 'STATE', 'ACTIVE', 'NODES', 'ADDRESSES'], routers.items.map(row)),
  )
}

function row({ site, name, vrid, state, active, members, addresses }: VirtualRouter): string[] {
  const nodes = members.map(
    ({ node, role, lastKnownRole, priority }) =>
      `${node} ${priority} ${role ?? `unknown (was ${lastKnownRole})`}`,
  )
  return [site, name, String(vrid), state, orDash(active), nodes.join(', '), addresses.join(' ')]
}

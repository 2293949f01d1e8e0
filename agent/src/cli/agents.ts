import type { Command } from 'commander'
import { mountAgentReport } from './agent-report.ts'
import { connectFleet, type FleetOptions, withFleetOptions } from './fleet-command.ts'
import { showAgo } from './instant.ts'
import { formatTable, orDash } from './table.ts'

interface AgentsOptions extends FleetOptions {
  readonly site?: string
}

export function mountAgents(program: Command): void {
  const command = program
    .command('agents')
    .description('list the agents and whether the centre sees them')
    .option('--site <site>', 'of one site only')
  withFleetOptions(command).action(showAgents)
  mountAgentReport(command)
}

async function showAgents(options: AgentsOptions): Promise<void> {
  const client = await connectFleet(options)
  const { Agent } = await import('@aloft/shared/api/schemas')
  const agents = await client.list(Agent, 'agents', { filters: { site: options.site } })
  if (options.json) return console.log(JSON.stringify(agents, null, 2))
  if (agents.items.length === 0) {
    return console.log(
      'No agent yet. `aloft token create --site NAME` says what to run on a node to enrol it.',
    )
  }
  const rows = agents.items.map(
    ({ site, node, state, routerAlive, lastSeenAt, spoolBacklog, clock, software }) => [
      site,
      node,
      state,
      routerAlive === null ? 'unknown' : routerAlive ? 'running' : 'not running',
      showAgo(lastSeenAt, Date.now()),
      orDash(spoolBacklog),
      clock === null ? '-' : `${Math.round(clock.offsetMs)}ms ± ${Math.ceil(clock.errorMs)}ms`,
      orDash(software),
    ],
  )
  console.log(
    formatTable(['SITE', 'NODE', 'STATE', 'ROUTER', 'LAST SEEN', 'BACKLOG', 'CLOCK', 'SOFTWARE'], rows),
  )
}

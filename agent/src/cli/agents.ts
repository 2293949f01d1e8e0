import type { Agent } from '@aloft/client/api.generated'
import type { Command } from 'commander'
import { refuseAbsent } from './absent.ts'
import { mountAgentApproval } from './agent-approval.ts'
import { mountAgentReport } from './agent-report.ts'
import { mountAgentShow } from './agent-show.ts'
import { mountAgentVerbs } from './agent-verbs.ts'
import { connectFleet, type FleetOptions, isFiltered, printJson, withFleetOptions } from './fleet-command.ts'
import { showAgo } from './instant.ts'
import { formatTable, orDash, showLabels } from './table.ts'

/** For the help; what the API knows is what counts. */
const AGENT_STATES = 'pending, enrolled, connected, silent, down, unknown, quarantined, revoked'

interface AgentsOptions extends FleetOptions {
  readonly site?: string
  readonly node?: string
  readonly state?: string
  readonly label?: readonly string[]
}

export function mountAgents(program: Command): void {
  const command = program
    .command('agents')
    .description('list the agents and whether the centre sees them')
    .option('--site <site>', 'of one site only')
    .option('--node <node>', 'of this name only')
    .option('--state <state>', `in this state only: ${AGENT_STATES}`)
    .option('--label <key=value...>', 'with all of these labels')
  withFleetOptions(command).action(showAgents)
  mountAgentShow(command)
  mountAgentReport(command)
  mountAgentApproval(command)
  mountAgentVerbs(command)
}

async function showAgents(options: AgentsOptions): Promise<void> {
  const client = await connectFleet(options)
  const { site, node, state, label } = options
  // The API says which states there are when it is none of them.
  const labels = label && { label: [...label] }
  const query = { site, node, state: state as Agent['state'] | undefined, ...labels }
  const agents = await client.list('GET /api/v1/agents', Number.POSITIVE_INFINITY, { query })
  if (agents.items.length === 0) await refuseAbsent(client, { site, node })
  if (options.json) return printJson(agents)
  if (agents.items.length === 0) {
    return console.log(
      isFiltered(query)
        ? 'No agent matches. `aloft agents` without filters lists them all.'
        : 'No agent yet. `aloft token create --site NAME` says what to run on a node to enrol it.',
    )
  }
  const now = Date.now()
  const headings = [
    ...['SITE', 'NODE', 'STATE', 'ROUTER', 'LAST SEEN'],
    { title: 'BACKLOG', spare: 2 },
    { title: 'CLOCK', spare: 3 },
    { title: 'SOFTWARE', spare: 4 },
    { title: 'LABELS', soft: 12, spare: 1 },
  ] as const
  console.log(
    formatTable(
      headings,
      agents.items.map((agent) => row(agent, now)),
    ),
  )
  for (const agent of agents.items) {
    // A centre of an older release says neither.
    if (agent.reason) console.log(whyOut(agent))
    if (agent.evidence) console.log(byWhom(agent, agent.evidence, now))
  }
}

const REMEDIES: Partial<Record<Agent['state'], string>> = {
  pending: 'approve',
  quarantined: 'release',
}

function whyOut({ site, node, state, reason }: Agent): string {
  const verb = REMEDIES[state]
  const remedy = verb === undefined ? '' : `; when it is to be let in: aloft agents ${verb} ${site}/${node}`
  return `${site}/${node} is ${state}: ${reason}${remedy}`
}

/** What is said of an agent that does not speak stands on what a peer saw. */
function byWhom(
  { site, node, state }: Agent,
  evidence: NonNullable<Agent['evidence']>,
  nowMs: number,
): string {
  const { node: peer, virtualRouter, at } = evidence
  const what = state === 'silent' ? 'hears its adverts' : 'took over because its adverts ceased'
  return `${site}/${node} is ${state}: ${peer} ${what} (${virtualRouter}, ${showAgo(at, nowMs)})`
}

function row(agent: Agent, nowMs: number): string[] {
  const { site, node, state, routerAlive, lastSeenAt, spoolBacklog, clock, software } = agent
  const router = routerAlive === null ? 'unknown' : routerAlive ? 'running' : 'not running'
  const offset = clock === null ? '-' : `${Math.round(clock.offsetMs)}ms ± ${Math.ceil(clock.errorMs)}ms`
  return [
    site,
    node,
    state,
    router,
    showAgo(lastSeenAt, nowMs),
    orDash(spoolBacklog),
    offset,
    orDash(software),
    showLabels(agent.labels),
  ]
}

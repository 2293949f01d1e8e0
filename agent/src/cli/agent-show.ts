import type { Agent } from '@aloft/client/api.generated'
import type { Command } from 'commander'
import { findAgent } from './find-agent.ts'
import { connectFleet, type FleetOptions, printJson, withFleetOptions } from './fleet-command.ts'
import { showAgo, showInstant } from './instant.ts'
import { orDash, printable, showLabels } from './table.ts'

/** `aloft agents show NODE`: all that is known of one. */
export function mountAgentShow(agents: Command): void {
  const show = agents
    .command('show')
    .description('show all that is known of one agent, its key’s fingerprint too')
    .argument('<node>', 'NODE, SITE/NODE or the agent’s id')
  withFleetOptions(show).action(async (node: string) => {
    const options: FleetOptions = show.optsWithGlobals()
    const client = await connectFleet(options)
    const agent = await findAgent(client, node)
    if (options.json) printJson(agent)
    else console.log(agentText(agent, Date.now()))
  })
}

/** A heading and a line for each fact. A centre of an older release leaves some out. */
export function agentText(agent: Agent, nowMs: number): string {
  const { keyFingerprint, keySince, enrolledAt, enrolledFrom, clock, credentialExpiresAt } = agent
  const from = enrolledFrom ? ` from ${enrolledFrom}` : ''
  const facts: readonly (readonly [string, string])[] = [
    ['state', agent.reason === null ? agent.state : `${agent.state}: ${agent.reason}`],
    ['key', orDash(keyFingerprint)],
    ['key since', when(keySince, nowMs)],
    ['enrolled', `${when(enrolledAt, nowMs)}${from}`],
    ['labels', showLabels(agent.labels)],
    ['software', orDash(agent.software)],
    ['last seen', agent.lastSeenAt === null ? 'never' : when(agent.lastSeenAt, nowMs)],
    ['router', agent.routerAlive === null ? 'unknown' : agent.routerAlive ? 'running' : 'not running'],
    ['backlog', agent.spoolBacklog === null ? 'unknown' : `${agent.spoolBacklog} events`],
    ['clock', clock === null ? 'unknown' : `${Math.round(clock.offsetMs)}ms ± ${Math.ceil(clock.errorMs)}ms`],
    ['credential', credentialExpiresAt ? `until ${showInstant(credentialExpiresAt)} UTC` : 'none'],
    ['id', agent.id],
  ]
  const lines = facts.map(([name, value]) => printable(`  ${name.padEnd(10)}  ${value}`))
  return [printable(`${agent.site}/${agent.node}`), ...lines].join('\n')
}

function when(iso: string, nowMs: number): string {
  return `${showInstant(iso)} UTC (${showAgo(iso, nowMs)})`
}

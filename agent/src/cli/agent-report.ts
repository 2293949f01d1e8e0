import type { AgentCommand } from '@aloft/client/api.generated'
import { parseDuration } from '@aloft/shared/time/duration'
import type { Command } from 'commander'
import { findAgent } from './find-agent.ts'
import { connectFleet, type FleetOptions, printJson, withFleetOptions } from './fleet-command.ts'
import { Refused, WrongUsage } from './outcome.ts'

interface ReportOptions extends FleetOptions {
  readonly within: string
}

/** `aloft agents report NODE`: a command to an agent, and what came of it. */
export function mountAgentReport(agents: Command): void {
  const report = agents
    .command('report')
    .description('have an agent show the state of its virtual routers anew, and wait until it has')
    .argument('<node>', 'NODE, SITE/NODE or the agent’s id')
    .option('--within <duration>', 'how long the agent may take, 1s to 24h', '30s')
  withFleetOptions(report).action((node: string) => reportNow(node, report.optsWithGlobals()))
}

const ASK_EVERY_MS = 250

async function reportNow(node: string, options: ReportOptions): Promise<void> {
  const { CreateCommand } = await import('@aloft/shared/api/schemas')
  const request = CreateCommand.safeParse({ kind: 'report', ttlMs: parseDuration(options.within) })
  if (!request.success) throw new WrongUsage(`--within ${options.within}: write 1s to 24h, for example 30s`)
  const client = await connectFleet(options)
  const agent = await findAgent(client, node)
  const path = { id: agent.id }
  let command: AgentCommand = await client.call('POST /api/v1/agents/{id}/commands', {
    path,
    body: request.data,
  })
  while (command.state === 'waiting' || command.state === 'sent') {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
    const { id } = command
    const newest = await client.list('GET /api/v1/agents/{id}/commands', 50, { path })
    const again = newest.items.find((one) => one.id === id)
    if (again === undefined) throw new Refused(`${agent.site}/${agent.node}: the command is gone`)
    command = again
  }
  if (options.json) printJson(command)
  if (command.state !== 'done') throw new Refused(`${agent.site}/${agent.node}: ${whyNot(command)}`)
  if (!options.json)
    console.log(`${agent.site}/${agent.node} has reported. ${command.detail ?? ''}`.trimEnd())
}

function whyNot({ state, detail, expiresAt }: AgentCommand): string {
  if (state === 'expired') return `it was not connected before ${expiresAt}, and was not told`
  if (state === 'no-answer') return 'it was told, and has not answered'
  return detail ?? state
}

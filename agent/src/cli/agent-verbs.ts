import type { Agent } from '@aloft/client/api.generated'
import type { Command } from 'commander'
import { findAgent } from './find-agent.ts'
import { connectFleet, type FleetOptions, printJson, withFleetOptions } from './fleet-command.ts'

interface Verb {
  readonly name: 'reject' | 'revoke' | 'release' | 'rotate-key'
  readonly description: string
  /** What to say when it is done. */
  readonly done: (agent: Agent) => string
}

const VERBS: readonly Verb[] = [
  {
    name: 'reject',
    description: 'turn away an agent that waits for approval, for good',
    done: () => 'is rejected. It needs a new key and a new token to be let in.',
  },
  {
    name: 'revoke',
    description: 'shut an agent out; its VRRP goes on',
    done: () => 'is revoked. Its session ends now; it needs a new key and a new token to be let in.',
  },
  {
    name: 'release',
    description: 'end the quarantine of an agent whose trouble was seen to',
    done: () => 'is in quarantine no more. If the cause is still there, it will be again.',
  },
  {
    name: 'rotate-key',
    description: 'have an agent make a new key and try it before the old one is dropped',
    done: ({ keySince }) =>
      `is told to make a new key, now or when it next connects. The one it has is of ${keySince}.`,
  },
]

interface VerbOptions extends FleetOptions {
  readonly reason?: string
}

/** `aloft agents reject NODE` and its like; approving has more to look at (`agent-approval.ts`). */
export function mountAgentVerbs(agents: Command): void {
  for (const verb of VERBS) {
    const command = agents
      .command(verb.name)
      .description(verb.description)
      .argument('<node>', 'NODE, SITE/NODE or the agent’s id')
      .option('--reason <text>', 'for the record, and for whoever reads it on the node')
    withFleetOptions(command).action((node: string) => run(verb, node, command.optsWithGlobals()))
  }
}

async function run({ name, done }: Verb, node: string, options: VerbOptions): Promise<void> {
  const client = await connectFleet(options)
  const { id } = await findAgent(client, node)
  const body = options.reason === undefined ? {} : { reason: options.reason }
  const agent = await client.call(`POST /api/v1/agents/{id}/${name}`, { path: { id }, body })
  if (options.json) printJson(agent)
  else console.log(`${agent.site}/${agent.node} ${done(agent)}`)
}

import type { Agent } from '@aloft/client/api.generated'
import type { Client } from '@aloft/client/client'
import { Refused, WrongUsage } from './outcome.ts'

/** The one agent that people call NODE, SITE/NODE or by its id. Throws when there is none, or more than one. */
export async function findAgent(client: Client, node: string): Promise<Agent> {
  const { items } = await client.list('GET /api/v1/agents', Number.POSITIVE_INFINITY)
  const named = items.filter((one) => [one.id, one.node, `${one.site}/${one.node}`].includes(node))
  const [agent, ...others] = named
  if (agent === undefined) throw new Refused(`there is no agent ${node}; \`aloft agents\` lists them`)
  if (others.length > 0) {
    const names = named.map((one) => `${one.site}/${one.node}`).join(', ')
    throw new WrongUsage(`${node} is the name of several agents: ${names}`)
  }
  return agent
}

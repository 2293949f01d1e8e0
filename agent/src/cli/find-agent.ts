import type { Agent } from '@aloft/client/api.generated'
import type { Client } from '@aloft/client/client'
import { aboutOne, thereIsNo } from './absent.ts'
import { isId } from './ids.ts'
import { WrongUsage } from './outcome.ts'

/** The one agent that people call NODE, SITE/NODE or by its id. Throws when there is none, or more than one. */
export async function findAgent(client: Client, text: string): Promise<Agent> {
  if (isId(text)) {
    const read = () => client.call('GET /api/v1/agents/{id}', { path: { id: text.toLowerCase() } })
    return aboutOne(client, { kind: 'agent', name: text }, read)
  }
  const [site, node] = text.includes('/') ? text.split('/', 2) : [undefined, text]
  const { items } = await client.list('GET /api/v1/agents', Number.POSITIVE_INFINITY, {
    query: site === '' || node === '' ? {} : { site, node },
  })
  const named = items.filter((one) => [one.node, `${one.site}/${one.node}`].includes(text))
  const [agent, ...others] = named
  if (agent === undefined) throw await thereIsNo(client, 'agent', text)
  if (others.length > 0) {
    const names = named.map((one) => `${one.site}/${one.node}`).join(', ')
    throw new WrongUsage(`${text} is the name of several agents; say which: ${names}`)
  }
  return agent
}

import { Agent, AgentState, page } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { nodeFilter, paging, siteFilter } from '../http/list-query.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import { getAgent, listAgents } from './read.ts'

const list = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/agents',
  summary: 'Agents, by site and node',
  request: {
    query: z.strictObject({ ...siteFilter, ...nodeFilter, state: AgentState.optional(), ...paging }),
  },
  responses: { 200: json(page(Agent), 'A page of agents.'), ...PROBLEMS },
})

const get = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/agents/{id}',
  summary: 'One agent',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: json(Agent, 'The agent.'), ...PROBLEMS },
})

export function agentRoutes(db: Database): ApiRouter {
  return newRouter()
    .openapi(list, async (c) =>
      c.json(await listAgents(db, { reach: c.get('reach'), ...c.req.valid('query') }), 200),
    )
    .openapi(get, async (c) => c.json(await getAgent(db, c.get('reach'), c.req.valid('param').id), 200))
}

import { AgentCommand, CreateCommand, page } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { paging } from '../http/list-query.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import { giveCommand } from './give.ts'
import { getCommand, listCommands } from './read.ts'

const create = apiRoute({
  permission: 'agents.operate',
  method: 'post',
  path: '/agents/{id}/commands',
  summary: 'Give an agent a command',
  description:
    'It reaches the agent on whatever replica its session is, is done at most once, and never after its deadline. ' +
    'Ask for the command again to see what came of it.',
  request: {
    params: z.object({ id: z.string() }),
    body: { required: true, content: { 'application/json': { schema: CreateCommand.strict() } } },
  },
  responses: { 202: json(AgentCommand, 'The command; it waits for the agent.'), ...PROBLEMS },
})

const list = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/agents/{id}/commands',
  summary: 'Commands given to an agent, newest first',
  request: { params: z.object({ id: z.string() }), query: z.strictObject(paging) },
  responses: { 200: json(page(AgentCommand), 'A page of commands.'), ...PROBLEMS },
})

const get = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/agents/{id}/commands/{commandId}',
  summary: 'One command, and what came of it',
  request: { params: z.object({ id: z.string(), commandId: z.string() }) },
  responses: { 200: json(AgentCommand, 'The command.'), ...PROBLEMS },
})

export function commandRoutes(db: Database, now: () => number): ApiRouter {
  return newRouter()
    .openapi(create, async (c) => {
      const input = {
        caller: c.get('caller'),
        reach: c.get('reach'),
        request: c.req.valid('json'),
        nowMs: now(),
      }
      return c.json(await giveCommand(db, { ...input, agentId: c.req.valid('param').id }), 202)
    })
    .openapi(list, async (c) => {
      const input = {
        reach: c.get('reach'),
        ...c.req.valid('query'),
        agentId: c.req.valid('param').id,
        nowMs: now(),
      }
      return c.json(await listCommands(db, input), 200)
    })
    .openapi(get, async (c) => {
      const { id: agentId, commandId: id } = c.req.valid('param')
      return c.json(await getCommand(db, { reach: c.get('reach'), agentId, id, nowMs: now() }), 200)
    })
}

import { Agent, AgentReason, AgentState, page } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Permission } from '../access/permissions.ts'
import type { Database } from '../database/client.ts'
import { asChanged, demandedRevision, IF_MATCH, ofRevision } from '../http/entity-tag.ts'
import { nodeFilter, paging, siteFilter } from '../http/list-query.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS, problem } from '../http/router.ts'
import { approveAgent, rejectAgent } from './approve.ts'
import { labelFilter } from './label-filter.ts'
import type { AgentRequest } from './on-agent.ts'
import { getAgent, listAgents } from './read.ts'
import { releaseAgent } from './release.ts'
import { revokeAgent } from './revoke.ts'
import { rotateAgentKey } from './rotate-key.ts'

const list = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/agents',
  summary: 'Agents, by site and node',
  request: {
    query: z.strictObject({
      ...siteFilter,
      ...nodeFilter,
      ...labelFilter,
      state: AgentState.optional(),
      ...paging,
    }),
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

/** A verb about one agent: all of them look alike. */
function verb<V extends string>(
  name: V,
  about: { readonly permission: Permission; readonly summary: string; readonly description: string },
) {
  return apiRoute({
    ...about,
    method: 'post',
    path: `/agents/{id}/${name}`,
    request: {
      params: z.object({ id: z.string() }),
      headers: IF_MATCH,
      body: { required: false, content: { 'application/json': { schema: AgentReason.strict() } } },
    },
    responses: {
      200: json(Agent, 'The agent as it is now. Asked again, nothing happens again.'),
      ...PROBLEMS,
      409: { ...PROBLEMS[400], description: 'The agent is in no state for this; `detail` says why.' },
      412: problem('precondition-failed'),
    },
  })
}

const approve = verb('approve', {
  permission: 'agents.admit',
  summary: 'Approve an agent that waits for it',
  description: 'It is let in when it asks again, which is within a minute for one that enrolled just now.',
})
const reject = verb('reject', {
  permission: 'agents.admit',
  summary: 'Turn an agent away that waits for approval',
  description: 'For good: its key is revoked.',
})
const revoke = verb('revoke', {
  permission: 'agents.admit',
  summary: 'Revoke an agent',
  description:
    'Its session ends with close code 4001 within about a second, on whatever replica it is, and its key and credentials are worth nothing from then on. What it holds on its LAN it goes on holding.',
})
const release = verb('release', {
  permission: 'agents.admit',
  summary: 'Release an agent from quarantine',
  description: 'If the cause is still there, the next session shows it again.',
})
const rotateKey = verb('rotate-key', {
  permission: 'agents.operate',
  summary: 'Have an agent make a new key',
  description:
    'At once if it is in session, else when it next is. The new key is tried on a second connection before the old one is dropped.',
})

export function agentRoutes(db: Database, now: () => number): ApiRouter {
  const router = newRouter()
    .openapi(list, async (c) =>
      c.json(await listAgents(db, { reach: c.get('reach'), ...c.req.valid('query') }), 200),
    )
    .openapi(get, async (c) => {
      const { value, revision } = await getAgent(db, c.get('reach'), c.req.valid('param').id)
      ofRevision(c, revision)
      return c.json(value, 200)
    })
  const verbs = [
    [approve, approveAgent],
    [reject, rejectAgent],
    [revoke, revokeAgent],
    [release, releaseAgent],
    [rotateKey, rotateAgentKey],
  ] as const
  for (const [route, run] of verbs) {
    router.openapi(route, async (c) => {
      const { id } = c.req.valid('param')
      const { reason } = c.req.valid('json') ?? {}
      const request: AgentRequest = {
        caller: c.get('caller'),
        reach: c.get('reach'),
        id,
        reason,
        revision: demandedRevision(c),
        nowMs: now(),
      }
      return c.json(asChanged(c, `/api/v1/agents/${id}`, await run(db, request)), 200)
    })
  }
  return router
}

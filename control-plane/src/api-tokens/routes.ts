import { ApiToken, CreateApiToken } from '@aloft/shared/api/access'
import { page } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { paging } from '../http/list-query.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import { createApiToken, listApiTokens, revokeApiToken } from './manage.ts'

const list = apiRoute({
  permission: 'account.own',
  method: 'get',
  path: '/api-tokens',
  summary: 'API tokens that were not revoked, newest first',
  description: 'One’s own; for who has `users.manage`, everybody’s.',
  request: {
    query: z.strictObject({
      owner: z.string().min(1).optional().openapi({ description: 'Name of a user.' }),
      ...paging,
    }),
  },
  responses: { 200: json(page(ApiToken), 'A page of API tokens.'), ...PROBLEMS },
})

const create = apiRoute({
  permission: 'account.own',
  method: 'post',
  path: '/api-tokens',
  summary: 'Make an API token for oneself',
  description:
    'The only answer that holds the token itself. It may do at most what the caller may, and expires (after 90 days ' +
    'unless `ttlMs` says otherwise).',
  request: { body: { required: true, content: { 'application/json': { schema: CreateApiToken.strict() } } } },
  responses: { 201: json(ApiToken, 'The token.'), ...PROBLEMS },
})

const remove = apiRoute({
  permission: 'account.own',
  method: 'delete',
  path: '/api-tokens/{id}',
  summary: 'Revoke an API token',
  description: 'One’s own; who has `users.manage`, anybody’s. Streams it holds open end within 15 s.',
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: 'It is revoked.' }, ...PROBLEMS },
})

export function apiTokenRoutes(db: Database, now: () => number): ApiRouter {
  return newRouter()
    .openapi(list, async (c) =>
      c.json(await listApiTokens(db, { caller: c.get('caller'), ...c.req.valid('query') }), 200),
    )
    .openapi(create, async (c) =>
      c.json(await createApiToken(db, c.get('caller'), c.req.valid('json'), now()), 201),
    )
    .openapi(remove, async (c) => {
      await revokeApiToken(db, c.get('caller'), c.req.valid('param').id, now())
      return c.body(null, 204)
    })
}

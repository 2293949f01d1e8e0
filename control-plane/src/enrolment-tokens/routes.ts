import { CreateEnrolmentToken, EnrolmentToken, page } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { paging, siteFilter } from '../http/list-query.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import { createEnrolmentToken } from './create.ts'
import { listEnrolmentTokens, revokeEnrolmentToken } from './manage.ts'

const create = apiRoute({
  permission: 'enrolment-tokens.manage',
  method: 'post',
  path: '/enrolment-tokens',
  summary: 'Make a token that nodes of a site enrol with',
  description: 'The only answer that holds the token itself. The site is made if it is new.',
  request: {
    body: { required: true, content: { 'application/json': { schema: CreateEnrolmentToken.strict() } } },
  },
  responses: { 201: json(EnrolmentToken, 'The token.'), ...PROBLEMS },
})

const list = apiRoute({
  permission: 'enrolment-tokens.manage',
  method: 'get',
  path: '/enrolment-tokens',
  summary: 'Enrolment tokens that were not revoked, newest first',
  request: { query: z.strictObject({ ...siteFilter, ...paging }) },
  responses: { 200: json(page(EnrolmentToken), 'A page of enrolment tokens.'), ...PROBLEMS },
})

const remove = apiRoute({
  permission: 'enrolment-tokens.manage',
  method: 'delete',
  path: '/enrolment-tokens/{id}',
  summary: 'Revoke an enrolment token',
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: 'It is revoked.' }, ...PROBLEMS },
})

export function enrolmentTokenRoutes(db: Database, now: () => number): ApiRouter {
  return newRouter()
    .openapi(create, async (c) => {
      const input = {
        caller: c.get('caller'),
        reach: c.get('reach'),
        request: c.req.valid('json'),
        nowMs: now(),
      }
      return c.json(await createEnrolmentToken(db, input), 201)
    })
    .openapi(list, async (c) =>
      c.json(await listEnrolmentTokens(db, { reach: c.get('reach'), ...c.req.valid('query') }), 200),
    )
    .openapi(remove, async (c) => {
      const token = { id: c.req.valid('param').id, reach: c.get('reach'), nowMs: now() }
      await revokeEnrolmentToken(db, c.get('caller'), token)
      return c.body(null, 204)
    })
}

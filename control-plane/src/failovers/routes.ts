import { Failover, page } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { paging, siteFilter, timeSpan, vridFilter } from '../http/list-query.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import { getFailover, listFailovers } from './read.ts'

const list = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/failovers',
  summary: 'Failovers, newest first by corrected time',
  request: { query: z.strictObject({ ...siteFilter, ...vridFilter, ...timeSpan, ...paging }) },
  responses: { 200: json(page(Failover), 'A page of failovers.'), ...PROBLEMS },
})

const get = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/failovers/{id}',
  summary: 'One failover with its evidence',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: json(Failover, 'The failover.'), ...PROBLEMS },
})

export function failoverRoutes(db: Database): ApiRouter {
  return newRouter()
    .openapi(list, async (c) =>
      c.json(await listFailovers(db, { reach: c.get('reach'), ...c.req.valid('query') }), 200),
    )
    .openapi(get, async (c) => c.json(await getFailover(db, c.get('reach'), c.req.valid('param').id), 200))
}

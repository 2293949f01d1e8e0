import { Failover } from '@aloft/shared/api/schemas'
import { TransitionReason } from '@aloft/shared/protocol/events'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { exportLines, jsonOrLines } from '../http/lines.ts'
import {
  familyFilter,
  flag,
  lateFilter,
  nameFilter,
  paging,
  siteFilter,
  timeSpan,
  vridFilter,
} from '../http/list-query.ts'
import { wantsLines } from '../http/negotiation.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import { getFailover, listFailovers } from './read.ts'

const list = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/failovers',
  summary: 'Failovers, newest first by corrected time',
  request: {
    query: z.strictObject({
      ...siteFilter,
      virtualRouter: z.string().min(1).optional().openapi({ description: 'Id of a virtual router.' }),
      ...nameFilter,
      ...vridFilter,
      ...familyFilter,
      node: z.string().min(1).optional().openapi({ description: 'Name of the node it went from or to.' }),
      reason: TransitionReason.optional(),
      planned: flag.optional().openapi({ type: 'boolean', description: 'Whether somebody wanted it.' }),
      ...lateFilter,
      ...timeSpan,
      ...paging,
    }),
  },
  responses: { 200: jsonOrLines(Failover, 'A page of failovers.'), ...PROBLEMS },
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
    .openapi(list, async (c) => {
      const query = { reach: c.get('reach'), ...c.req.valid('query') }
      if (wantsLines(c)) return exportLines(c, query, (each) => listFailovers(db, each))
      return c.json(await listFailovers(db, query), 200)
    })
    .openapi(get, async (c) => c.json(await getFailover(db, c.get('reach'), c.req.valid('param').id), 200))
}

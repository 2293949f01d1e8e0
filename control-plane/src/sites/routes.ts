import { page, Site } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { paging } from '../http/list-query.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import { getSite, listSites } from './read.ts'

const list = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/sites',
  summary: 'Sites, by name',
  request: { query: z.strictObject(paging) },
  responses: { 200: json(page(Site), 'A page of sites.'), ...PROBLEMS },
})

const get = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/sites/{id}',
  summary: 'One site, by its id or name',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: json(Site, 'The site.'), ...PROBLEMS },
})

export function siteRoutes(db: Database): ApiRouter {
  return newRouter()
    .openapi(list, async (c) =>
      c.json(await listSites(db, { reach: c.get('reach'), ...c.req.valid('query') }), 200),
    )
    .openapi(get, async (c) => c.json(await getSite(db, c.get('reach'), c.req.valid('param').id), 200))
}

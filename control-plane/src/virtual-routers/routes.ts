import { page, VirtualRouter, VirtualRouterState } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { familyFilter, nameFilter, paging, siteFilter, vridFilter } from '../http/list-query.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import { getVirtualRouter, listVirtualRouters } from './read.ts'

const list = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/virtual-routers',
  summary: 'Virtual routers, by site and name',
  request: {
    query: z.strictObject({
      ...siteFilter,
      ...nameFilter,
      ...vridFilter,
      ...familyFilter,
      node: z.string().min(1).optional().openapi({ description: 'Name of a node that takes part in it.' }),
      state: VirtualRouterState.optional(),
      ...paging,
    }),
  },
  responses: { 200: json(page(VirtualRouter), 'A page of virtual routers.'), ...PROBLEMS },
})

const get = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/virtual-routers/{id}',
  summary: 'One virtual router',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: json(VirtualRouter, 'The virtual router.'), ...PROBLEMS },
})

export function virtualRouterRoutes(db: Database): ApiRouter {
  return newRouter()
    .openapi(list, async (c) =>
      c.json(await listVirtualRouters(db, { reach: c.get('reach'), ...c.req.valid('query') }), 200),
    )
    .openapi(get, async (c) =>
      c.json(await getVirtualRouter(db, c.get('reach'), c.req.valid('param').id), 200),
    )
}

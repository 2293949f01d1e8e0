import { NameSite, page, Site } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { asChanged, demandedRevision, IF_MATCH, ofRevision } from '../http/entity-tag.ts'
import { paging } from '../http/list-query.ts'
import type { RequestContext } from '../http/request-context.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS, problem } from '../http/router.ts'
import { createSite } from './create.ts'
import { getSite, listSites } from './read.ts'
import { removeSite } from './remove.ts'
import { renameSite } from './rename.ts'

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

const nameBody = { required: true, content: { 'application/json': { schema: NameSite.strict() } } } as const
const id = z.object({ id: z.string() })

const create = apiRoute({
  permission: 'sites.manage',
  method: 'post',
  path: '/sites',
  summary: 'Make a site',
  description:
    'Needs the permission for all sites. A site is also made by the first enrolment token that names it.',
  request: { body: nameBody },
  responses: { 201: json(Site, 'The site.'), ...PROBLEMS, 409: problem('conflict') },
})

const rename = apiRoute({
  permission: 'sites.manage',
  method: 'patch',
  path: '/sites/{id}',
  summary: 'Give a site another name',
  description: 'By its id or name. Nodes, virtual routers and history go with it; agents need no change.',
  request: { params: id, headers: IF_MATCH, body: nameBody },
  responses: {
    200: json(Site, 'The site.'),
    ...PROBLEMS,
    409: problem('conflict'),
    412: problem('precondition-failed'),
  },
})

const remove = apiRoute({
  permission: 'sites.manage',
  method: 'delete',
  path: '/sites/{id}',
  summary: 'Remove a site that has no nodes and no history',
  description: 'By its id or name. Its enrolment tokens go with it.',
  request: { params: id, headers: IF_MATCH },
  responses: {
    204: { description: 'It is gone.' },
    ...PROBLEMS,
    409: problem('conflict'),
    412: problem('precondition-failed'),
  },
})

export function siteRoutes(db: Database, now: () => number): ApiRouter {
  const asking = (c: RequestContext) => ({ caller: c.get('caller'), reach: c.get('reach'), nowMs: now() })
  const which = (c: RequestContext) => ({ ...asking(c), revision: demandedRevision(c) })
  return newRouter()
    .openapi(list, async (c) =>
      c.json(await listSites(db, { reach: c.get('reach'), ...c.req.valid('query') }), 200),
    )
    .openapi(get, async (c) => {
      const { value, revision } = await getSite(db, c.get('reach'), c.req.valid('param').id)
      ofRevision(c, revision)
      return c.json(value, 200)
    })
    .openapi(create, async (c) => {
      const site = await createSite(db, { ...asking(c), request: c.req.valid('json') })
      return c.json(site, 201, { location: `/api/v1/sites/${site.id}` })
    })
    .openapi(rename, async (c) => {
      const request = { request: c.req.valid('json'), idOrName: c.req.valid('param').id }
      const site = await renameSite(db, { ...which(c), ...request })
      return c.json(asChanged(c, `/api/v1/sites/${site.value.id}`, site), 200)
    })
    .openapi(remove, async (c) => {
      await removeSite(db, { ...which(c), idOrName: c.req.valid('param').id })
      return c.body(null, 204)
    })
}

import { Availability, Timeline } from '@aloft/shared/api/availability'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { paging, siteFilter, timeSpan } from '../http/list-query.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import { readAvailability } from './read.ts'
import { readTimeline } from './timeline.ts'

const get = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/availability',
  summary: 'How long virtual routers were served, degraded, down or unknown',
  description:
    'Of whole hours that are over, by default of the last 30 days; the answer says which. Time of which nothing is known ' +
    'is `unknownMs` and counts neither for nor against. What arrives late corrects the past within a minute.',
  request: {
    query: z.strictObject({
      ...siteFilter,
      virtualRouter: z.string().min(1).optional().openapi({ description: 'Id of a virtual router.' }),
      address: z.string().min(1).max(64).optional().openapi({
        description:
          'A virtual address, with or without its prefix length: what all routers that have it did for it.',
      }),
      ...timeSpan,
      step: z
        .enum(['hour', 'day'])
        .optional()
        .openapi({ description: 'The sums of each hour or UTC day too.' }),
      ...paging,
    }),
  },
  responses: { 200: json(Availability, 'Sums by virtual router and in all.'), ...PROBLEMS },
})

const timeline = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/virtual-routers/{id}/timeline',
  summary: 'What was known of a virtual router, node by node, over a period',
  description: 'By default of the last 24 hours. Lost events and silence are in it as what they are.',
  request: { params: z.object({ id: z.string() }), query: z.strictObject({ ...timeSpan }) },
  responses: { 200: json(Timeline, 'The timeline.'), ...PROBLEMS },
})

export function availabilityRoutes(db: Database, now: () => number): ApiRouter {
  return newRouter()
    .openapi(get, async (c) =>
      c.json(await readAvailability(db, { reach: c.get('reach'), ...c.req.valid('query') }, now()), 200),
    )
    .openapi(timeline, async (c) => {
      const { id } = c.req.valid('param')
      return c.json(
        await readTimeline(db, { reach: c.get('reach'), id, ...c.req.valid('query') }, now()),
        200,
      )
    })
}

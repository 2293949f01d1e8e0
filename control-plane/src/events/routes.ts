import { Event } from '@aloft/shared/api/schemas'
import { EventBody } from '@aloft/shared/protocol/events'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { exportLines, jsonOrLines } from '../http/lines.ts'
import {
  familyFilter,
  lateFilter,
  nodeFilter,
  paging,
  siteFilter,
  timeSpan,
  vridFilter,
} from '../http/list-query.ts'
import { wantsLines } from '../http/negotiation.ts'
import { type ApiRouter, apiRoute, newRouter, PROBLEMS } from '../http/router.ts'
import { listEvents } from './read.ts'

const kinds = EventBody.options.map((option) => option.shape.kind.value)

const list = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/events',
  summary: 'Everything the agents observed, in the order of arrival',
  description:
    'For one agent the order of arrival is the order of observation. Follow new events with `stream`, not by paging.',
  request: {
    query: z.strictObject({
      ...siteFilter,
      ...nodeFilter,
      kind: z.enum(kinds).optional(),
      virtualRouter: z.string().min(1).optional().openapi({ description: 'Id of a virtual router.' }),
      ...vridFilter,
      ...familyFilter,
      ...lateFilter,
      ...timeSpan,
      order: z.enum(['asc', 'desc']).default('desc'),
      ...paging,
    }),
  },
  responses: { 200: jsonOrLines(Event, 'A page of events.'), ...PROBLEMS },
})

export function eventRoutes(db: Database): ApiRouter {
  return newRouter().openapi(list, async (c) => {
    const query = { reach: c.get('reach'), ...c.req.valid('query') }
    if (wantsLines(c)) return exportLines(c, query, (each) => listEvents(db, each))
    return c.json(await listEvents(db, query), 200)
  })
}

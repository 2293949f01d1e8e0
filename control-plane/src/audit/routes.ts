import { AuditEntry } from '@aloft/shared/api/audit'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { exportLines, jsonOrLines } from '../http/lines.ts'
import { paging, siteFilter, timeSpan } from '../http/list-query.ts'
import { wantsLines } from '../http/negotiation.ts'
import { type ApiRouter, apiRoute, newRouter, PROBLEMS } from '../http/router.ts'
import { listAudit } from './read.ts'

const list = apiRoute({
  permission: 'audit.read',
  method: 'get',
  path: '/audit',
  summary: 'Who changed what, newest first',
  description:
    'Entries are chained: `hash` is made of the entry and the hash of the one before it (`previousHash`), and `id` counts ' +
    'without holes. `aloft audit verify` computes it all again.',
  request: {
    query: z.strictObject({
      ...siteFilter,
      actor: z.string().min(1).optional().openapi({ description: 'Id (`user:…`, `token:…`) or name.' }),
      action: z.string().min(1).optional().openapi({ description: 'Such as `user.create`.' }),
      targetKind: z.string().min(1).optional(),
      target: z.string().min(1).optional().openapi({ description: 'Id of what was changed.' }),
      ...timeSpan,
      order: z.enum(['asc', 'desc']).default('desc'),
      ...paging,
    }),
  },
  responses: { 200: jsonOrLines(AuditEntry, 'A page of the record.'), ...PROBLEMS },
})

export function auditRoutes(db: Database): ApiRouter {
  return newRouter().openapi(list, async (c) => {
    const query = { reach: c.get('reach'), ...c.req.valid('query') }
    if (wantsLines(c)) return exportLines(c, query, (each) => listAudit(db, each))
    return c.json(await listAudit(db, query), 200)
  })
}

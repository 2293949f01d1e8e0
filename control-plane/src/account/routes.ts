import { Account, BrowserSession, ChangePassword } from '@aloft/shared/api/access'
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Database } from '../database/client.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS, problem } from '../http/router.ts'
import { changePassword } from './password.ts'
import { endSession, listSessions } from './sessions.ts'
import { showAccount } from './show.ts'

export interface AccountOptions {
  readonly db: Database
  readonly now: () => number
  readonly addressOf: (c: Context) => string | null
}

const show = apiRoute({
  permission: 'account.own',
  method: 'get',
  path: '/account',
  summary: 'Who the caller is, and what it may',
  responses: { 200: json(Account, 'The caller.'), ...PROBLEMS },
})

const password = apiRoute({
  permission: 'account.own',
  method: 'put',
  path: '/account/password',
  summary: 'Change one’s own password',
  description: 'Needs the current one, and ends every other session of the user.',
  request: { body: { required: true, content: { 'application/json': { schema: ChangePassword.strict() } } } },
  responses: {
    204: { description: 'It is changed.' },
    ...PROBLEMS,
    409: problem('conflict'),
  },
})

const sessions = apiRoute({
  permission: 'account.own',
  method: 'get',
  path: '/account/sessions',
  summary: 'One’s own browser sessions, newest first',
  responses: { 200: json(z.object({ items: z.array(BrowserSession) }), 'The sessions.'), ...PROBLEMS },
})

const remove = apiRoute({
  permission: 'account.own',
  method: 'delete',
  path: '/account/sessions/{id}',
  summary: 'End one of one’s own browser sessions',
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: 'It has ended.' }, ...PROBLEMS },
})

export function accountRoutes({ db, now, addressOf }: AccountOptions): ApiRouter {
  return newRouter()
    .openapi(show, async (c) => c.json(await showAccount(db, c.get('caller')), 200))
    .openapi(password, async (c) => {
      const request = { nowMs: now(), address: addressOf(c) }
      await changePassword(db, c.get('caller'), c.req.valid('json'), request)
      return c.body(null, 204)
    })
    .openapi(sessions, async (c) => c.json({ items: await listSessions(db, c.get('caller'), now()) }, 200))
    .openapi(remove, async (c) => {
      await endSession(db, c.get('caller'), c.req.valid('param').id, now())
      return c.body(null, 204)
    })
}

import {
  ChangeUser,
  CreatedUser,
  CreateUser,
  PasswordReset,
  ResetPassword,
  User,
} from '@aloft/shared/api/access'
import { page } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { Database } from '../database/client.ts'
import { asChanged, demandedRevision, IF_MATCH, ofRevision } from '../http/entity-tag.ts'
import { flag, paging } from '../http/list-query.ts'
import type { RequestContext } from '../http/request-context.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS, problem } from '../http/router.ts'
import { changeUser, resetPassword } from './change.ts'
import { createUser } from './create.ts'
import { getUser, listUsers } from './read.ts'

const params = z.object({ id: z.string().openapi({ description: 'Id or name.' }) })
const CONFLICTS = { 409: problem('conflict'), 412: problem('precondition-failed') }

const list = apiRoute({
  permission: 'users.manage',
  method: 'get',
  path: '/users',
  summary: 'Users, by name',
  request: {
    query: z.strictObject({ name: z.string().min(1).optional(), disabled: flag.optional(), ...paging }),
  },
  responses: { 200: json(page(User), 'A page of users.'), ...PROBLEMS },
})

const create = apiRoute({
  permission: 'users.manage',
  method: 'post',
  path: '/users',
  summary: 'Make a user',
  request: { body: { required: true, content: { 'application/json': { schema: CreateUser.strict() } } } },
  responses: {
    201: json(CreatedUser, 'The user, and its password if one was generated.'),
    ...PROBLEMS,
    409: problem('conflict'),
  },
})

const get = apiRoute({
  permission: 'users.manage',
  method: 'get',
  path: '/users/{id}',
  summary: 'One user, by id or name',
  request: { params },
  responses: { 200: json(User, 'The user.'), ...PROBLEMS },
})

const change = apiRoute({
  permission: 'users.manage',
  method: 'patch',
  path: '/users/{id}',
  summary: 'Change what a user may, disable or enable it',
  description:
    'Who is disabled is signed out everywhere, and its API tokens do nothing. Nobody changes himself.',
  request: {
    params,
    headers: IF_MATCH,
    body: { required: true, content: { 'application/json': { schema: ChangeUser.strict() } } },
  },
  responses: { 200: json(User, 'The user as it is now.'), ...PROBLEMS, ...CONFLICTS },
})

const reset = apiRoute({
  permission: 'users.manage',
  method: 'post',
  path: '/users/{id}/password',
  summary: 'Give a user another password and end its sessions',
  request: {
    params,
    headers: IF_MATCH,
    body: { required: true, content: { 'application/json': { schema: ResetPassword.strict() } } },
  },
  responses: {
    200: json(PasswordReset, 'Done; with the password if one was generated.'),
    ...PROBLEMS,
    ...CONFLICTS,
  },
})

export function userRoutes(db: Database, now: () => number): ApiRouter {
  const which = (c: RequestContext) => ({
    caller: c.get('caller'),
    revision: demandedRevision(c),
    nowMs: now(),
  })
  return newRouter()
    .openapi(list, async (c) => c.json(await listUsers(db, c.req.valid('query')), 200))
    .openapi(create, async (c) =>
      c.json(await createUser(db, c.get('caller'), c.req.valid('json'), now()), 201),
    )
    .openapi(get, async (c) => {
      const { value, revision } = await getUser(db, c.req.valid('param').id)
      ofRevision(c, revision)
      return c.json(value, 200)
    })
    .openapi(change, async (c) => {
      const named = { user: c.req.valid('param').id, ...which(c) }
      const user = await changeUser(db, named, c.req.valid('json'))
      return c.json(asChanged(c, `/api/v1/users/${user.value.id}`, user), 200)
    })
    .openapi(reset, async (c) => {
      const named = { user: c.req.valid('param').id, ...which(c) }
      return c.json(await resetPassword(db, named, c.req.valid('json')), 200)
    })
}

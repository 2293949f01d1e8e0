import { Problem } from '@aloft/shared/api/schemas'
import { createRoute, OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { type Permission, reachOfCaller, rolesWith } from '../access/permissions.ts'
import type { Reach } from '../database/reach.ts'
import { Forbidden, Invalid } from '../problems.ts'
import { PROBLEM_KINDS, type ProblemName } from './problem-kinds.ts'
import type { Caller, RequestVariables } from './request-context.ts'

export type ApiRouter = OpenAPIHono<{ Variables: RequestVariables }>

/** A router whose validators throw `Invalid`, with a JSON pointer into the body or `?name` of a query parameter. */
export function newRouter(): ApiRouter {
  return new OpenAPIHono<{ Variables: RequestVariables }>({
    defaultHook: (result) => {
      if (result.success) return
      const prefix = result.target === 'query' ? '?' : '/'
      const faults = result.error.issues.flatMap((issue) => {
        const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('/')]
        return names.map((name) => ({ pointer: prefix + name, message: messageOf(issue) }))
      })
      throw new Invalid(faults.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '), faults)
    },
  })
}

/** In our words where zod's are those of a programming language. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_value' || issue.values.length < 2) return issue.message
  return `must be one of ${issue.values.map(String).join(', ')}`
}

type ApiRouteConfig<P extends string> = Omit<RouteConfig, 'path' | 'middleware'> & {
  readonly path: P
  /** What the caller must have, at some site at least; `c.get('reach')` then says where. */
  readonly permission: Permission
}

/**
 * A route of `/api/v1`. There is no other way to make one: a route that names no permission fails a test. Callers
 * without the permission get 403 before anything of the request is read; the OpenAPI document shows it as
 * `x-aloft-permission`.
 */
export function apiRoute<P extends string, R extends ApiRouteConfig<P>>(config: R & { path: P }) {
  const { permission, ...route } = config
  const guarded = { ...route, 'x-aloft-permission': permission, middleware: requirePermission(permission) }
  // The guard changes nothing a handler can see but `reach`, which every router declares.
  return createRoute(guarded as unknown as R & { path: P })
}

/** Lets in who has the permission somewhere, and says where. */
export function requirePermission(
  permission: Permission,
): MiddlewareHandler<{ Variables: RequestVariables }> {
  return async (c, next) => {
    c.set('reach', reachFor(c.get('caller'), permission))
    await next()
  }
}

/** Where the caller has this permission too, for routes that do more than their own says. Throws `Forbidden` if nowhere. */
export function reachFor(caller: Caller, permission: Permission): Reach {
  const reach = reachOfCaller(caller, permission)
  if (reach.length === 0)
    throw new Forbidden(
      `this needs the permission ${permission}, which ${caller.name} has not; a role that has it: ${rolesWith(permission)}`,
    )
  return reach
}

/** The description of a JSON answer. */
export const json = <T>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** The description of an answer that is no. */
export const problem = (name: ProblemName) => ({
  description: PROBLEM_KINDS[name].meaning,
  content: { 'application/problem+json': { schema: Problem } },
})

/** What any route under `/api/v1` may answer besides its result; `apiDocument` adds what all of them may. */
export const PROBLEMS = {
  400: problem('invalid'),
  401: problem('unauthenticated'),
  403: problem('forbidden'),
  404: problem('not-found'),
  503: problem('unavailable'),
}

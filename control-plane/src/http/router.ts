import { Problem } from '@aloft/shared/api/schemas'
import { OpenAPIHono } from '@hono/zod-openapi'
import { Invalid } from '../problems.ts'
import type { RequestVariables } from './request-context.ts'

export type ApiRouter = OpenAPIHono<{ Variables: RequestVariables }>

/** A router whose validators throw `Invalid`, with a JSON pointer into the body or `?name` of a query parameter. */
export function newRouter(): ApiRouter {
  return new OpenAPIHono<{ Variables: RequestVariables }>({
    defaultHook: (result) => {
      if (result.success) return
      const prefix = result.target === 'query' ? '?' : '/'
      const faults = result.error.issues.flatMap((issue) => {
        const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('/')]
        return names.map((name) => ({ pointer: prefix + name, message: issue.message }))
      })
      throw new Invalid(faults.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '), faults)
    },
  })
}

/** The description of a JSON answer. */
export const json = <T>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
})

/** What any route under `/api/v1` may answer besides its result. */
export const PROBLEMS = {
  400: problem('The request is not valid; `errors` point at what is wrong.'),
  401: problem('No credential, or one that does not hold.'),
  403: problem('The credential does not reach this far.'),
  404: problem('There is no such thing.'),
  503: problem('The database is not answering; `Retry-After` says when to try again.'),
}

import type { MiddlewareHandler } from 'hono'
import { Invalid, MethodNotAllowed, NotFound } from '../problems.ts'

/** A path with its methods, as the OpenAPI document writes it (`/api/v1/sites/{id}`). */
export interface RouteOfPath {
  readonly path: string
  readonly methods: readonly string[]
  /** The content types of its good answers to a GET. */
  readonly forms: readonly string[]
  /** The methods that honour `If-Match`. */
  readonly guarded: readonly string[]
}

/** The routes that a path of a request meets. A fixed segment wins over a parameter, as in the router. */
export function routeOf(routes: readonly RouteOfPath[], path: string): RouteOfPath | null {
  const segments = path.split('/')
  const fitting = routes.filter((route) => fits(route.path.split('/'), segments))
  const [best] = fitting.toSorted((left, right) => parametersIn(left.path) - parametersIn(right.path))
  return best ?? null
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, i) => (part.startsWith('{') ? segments[i] !== '' : part === segments[i]))
  )
}

function parametersIn(path: string): number {
  return path.split('{').length
}

/** OPTIONS says what may be done here; it needs no more rights than to know that the path is there. */
export function answersOptions(routes: () => readonly RouteOfPath[]): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.method !== 'OPTIONS') return next()
    const route = routeOf(routes(), c.req.path)
    if (route === null) throw new NotFound(`there is nothing at ${c.req.path}; /docs lists what there is`)
    return c.body(null, 204, { allow: allowOf(route).join(', ') })
  }
}

/**
 * Whoever sends `If-Match` counts on it. Where it is not compared with anything (a thing that is made, or that can only
 * end) the request is refused rather than done unguarded; `*` is true of whatever is there.
 */
export function refusesVainIfMatch(routes: () => readonly RouteOfPath[]): MiddlewareHandler {
  return async (c, next) => {
    const { method, path } = c.req
    const header = c.req.header('if-match')
    if (header === undefined || header.trim() === '*' || SAFE.has(method)) return next()
    const route = routeOf(routes(), path)
    if (route === null || !route.methods.includes(method) || route.guarded.includes(method)) return next()
    const message = `${method} ${route.path} compares it with nothing; send it without`
    throw new Invalid(`If-Match: ${message}`, [{ pointer: '/if-match', message }])
  }
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** What no route took: the path is not there, or the method is not. */
export function refusesTheRest(routes: () => readonly RouteOfPath[]): MiddlewareHandler {
  return async (c) => {
    const route = routeOf(routes(), c.req.path)
    if (route === null)
      throw new NotFound(`there is no ${c.req.method} ${c.req.path}; /docs lists what there is`)
    throw new MethodNotAllowed(`${c.req.path} has no ${c.req.method}`, allowOf(route))
  }
}

function allowOf({ methods }: RouteOfPath): readonly string[] {
  const all = methods.includes('GET') ? [...methods, 'HEAD'] : [...methods]
  return [...all, 'OPTIONS'].sort()
}

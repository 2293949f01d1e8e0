/**
 * Who may what: every route of the OpenAPI document × every role × everywhere or at one site × an object of that site or
 * of another. What is expected is written here by hand and not taken from the product. A new route fails until it has a
 * line in `ROUTES`.
 */
import { AccessRole } from '@aloft/shared/api/access'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { type ObjectKind, type Objects, seedObjects } from './authorisation.fixture.ts'

/** Which roles hold a permission, and whether a grant at some sites is enough. */
const HELD: Readonly<Record<string, { roles: readonly AccessRole[]; bound: 'site' | 'everywhere' | 'own' }>> =
  {
    'fleet.read': { roles: ['viewer', 'operator', 'author', 'approver', 'admin'], bound: 'site' },
    'agents.operate': { roles: ['operator', 'admin'], bound: 'site' },
    'agents.admit': { roles: ['approver', 'admin'], bound: 'site' },
    'sites.manage': { roles: ['author', 'admin'], bound: 'site' },
    'enrolment-tokens.manage': { roles: ['author', 'admin'], bound: 'site' },
    'audit.read': { roles: ['approver', 'admin'], bound: 'site' },
    'users.manage': { roles: ['admin'], bound: 'everywhere' },
    'system.read': { roles: ['viewer', 'operator', 'author', 'approver', 'admin'], bound: 'everywhere' },
    'system.manage': { roles: ['admin'], bound: 'everywhere' },
    'account.own': { roles: ['viewer', 'operator', 'author', 'approver', 'admin'], bound: 'own' },
  }

interface Line {
  readonly permission: keyof typeof HELD
  /** What the path names. */
  readonly object?: ObjectKind
  /** The whole list shows things of sites: of every site the caller reaches, and of no other. */
  readonly showsSites?: boolean
  readonly query?: string
  /** The permission at some sites is not enough for this one. */
  readonly needsEverywhere?: boolean
  readonly body?: (objects: Objects, site: string) => unknown
}

const generated = { password: { generate: true } }

/** Every route there is, one a line. */
const ROUTES: Readonly<Record<string, Line>> = {
  'get /api/v1/sites': { permission: 'fleet.read', showsSites: true, query: '?limit=500' },
  'get /api/v1/sites/{id}': { permission: 'fleet.read', object: 'site' },
  'post /api/v1/sites': {
    permission: 'sites.manage',
    needsEverywhere: true,
    body: (objects) => ({ name: objects.newName() }),
  },
  'patch /api/v1/sites/{id}': {
    permission: 'sites.manage',
    object: 'site',
    body: (_, site) => ({ name: site }),
  },
  'delete /api/v1/sites/{id}': { permission: 'sites.manage', object: 'site' },
  'post /api/v1/agents/{id}/approve': { permission: 'agents.admit', object: 'agent' },
  'post /api/v1/agents/{id}/reject': { permission: 'agents.admit', object: 'agent' },
  'post /api/v1/agents/{id}/revoke': { permission: 'agents.admit', object: 'agent' },
  'post /api/v1/agents/{id}/release': { permission: 'agents.admit', object: 'agent' },
  'post /api/v1/agents/{id}/rotate-key': { permission: 'agents.operate', object: 'agent' },
  'post /api/v1/agents/{id}/commands': {
    permission: 'agents.operate',
    object: 'agent',
    body: () => ({ kind: 'report' }),
  },
  'get /api/v1/agents/{id}/commands': { permission: 'fleet.read', object: 'agent' },
  'get /api/v1/agents/{id}/commands/{commandId}': { permission: 'fleet.read', object: 'command' },
  'get /api/v1/agents': { permission: 'fleet.read', showsSites: true, query: '?limit=500' },
  'get /api/v1/agents/{id}': { permission: 'fleet.read', object: 'agent' },
  'get /api/v1/virtual-routers': { permission: 'fleet.read', showsSites: true, query: '?limit=500' },
  'get /api/v1/virtual-routers/{id}': { permission: 'fleet.read', object: 'virtual-router' },
  'get /api/v1/virtual-routers/{id}/timeline': { permission: 'fleet.read', object: 'virtual-router' },
  'get /api/v1/availability': { permission: 'fleet.read' },
  'get /api/v1/failovers': { permission: 'fleet.read', showsSites: true, query: '?limit=500' },
  'get /api/v1/failovers/{id}': { permission: 'fleet.read', object: 'failover' },
  'get /api/v1/events': { permission: 'fleet.read', showsSites: true, query: '?limit=500' },
  'get /api/v1/stream': { permission: 'fleet.read' },
  'get /api/v1/enrolment-tokens': {
    permission: 'enrolment-tokens.manage',
    showsSites: true,
    query: '?limit=500',
  },
  'post /api/v1/enrolment-tokens': {
    permission: 'enrolment-tokens.manage',
    object: 'site-in-body',
    body: (_, site) => ({ site }),
  },
  'delete /api/v1/enrolment-tokens/{id}': {
    permission: 'enrolment-tokens.manage',
    object: 'enrolment-token',
  },
  'get /api/v1/audit': { permission: 'audit.read', showsSites: true, query: '?action=agent.enrol&limit=500' },
  'get /api/v1/centre-key': { permission: 'system.read' },
  'post /api/v1/centre-key/rotate': { permission: 'system.manage' },
  'get /api/v1/users': { permission: 'users.manage' },
  'post /api/v1/users': {
    permission: 'users.manage',
    body: (objects) => ({ name: objects.newName(), grants: [], ...generated }),
  },
  'get /api/v1/users/{id}': { permission: 'users.manage', object: 'user' },
  'patch /api/v1/users/{id}': {
    permission: 'users.manage',
    object: 'user',
    body: () => ({ disabled: true }),
  },
  'post /api/v1/users/{id}/password': { permission: 'users.manage', object: 'user', body: () => generated },
  'get /api/v1/account': { permission: 'account.own' },
  'put /api/v1/account/password': {
    permission: 'account.own',
    body: () => ({ current: 'x', new: 'long enough, that' }),
  },
  'get /api/v1/account/sessions': { permission: 'account.own' },
  'delete /api/v1/account/sessions/{id}': { permission: 'account.own', object: 'session-of-others' },
  'get /api/v1/api-tokens': { permission: 'account.own' },
  'post /api/v1/api-tokens': { permission: 'account.own', body: () => ({ name: 'made' }) },
  'delete /api/v1/api-tokens/{id}': { permission: 'account.own', object: 'token-of-others' },
}

/** What answers somebody who is nobody, besides the dashboard's files. Everything else is 401. */
const OPEN = ['/healthz', '/readyz', '/sign-in', '/pages.css']
/** Signing out and agents' doors: they bring a proof of their own, and say nothing to who brings none. */
const OWN_PROOF = ['/sign-out', '/internal/tick']

const OWN_SITE = 'own-site-q1'
const OTHER_SITE = 'other-site-z9'

let app: TestApplication
let objects: Objects
let documented: readonly (readonly [name: string, operation: Record<string, unknown>])[]
beforeAll(async () => {
  app = await startTestApplication()
  objects = await seedObjects(app, [OWN_SITE, OTHER_SITE])
  const document = await (await app.fetch('/openapi.json')).json()
  documented = Object.entries<Record<string, Record<string, unknown>>>(document.paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  )
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

interface Asked {
  readonly status: number
  readonly text: string
}

/** The request of a route about a fresh object of a site, or as it is when it names none. */
async function ask(route: string, site: string, init: RequestInit & { as: string | null }): Promise<Asked> {
  const line = ROUTES[route]
  const [method = '', template = ''] = route.split(' ')
  const isRead = method === 'get'
  const names = line?.object === undefined ? {} : await objects.make(line.object, site, isRead)
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? 'x')
  const body = line?.body?.(objects, site)
  const abort = new AbortController()
  const headers = new Headers(init.headers)
  if (body !== undefined) headers.set('content-type', 'application/json')
  const answer = await app.fetch(`${path}${line?.query ?? ''}`, {
    ...init,
    headers,
    method: method.toUpperCase(),
    body: body === undefined ? null : JSON.stringify(body),
    signal: abort.signal,
  })
  const isStream = answer.headers.get('content-type') === 'text/event-stream'
  if (isStream) await answer.body?.cancel()
  return { status: answer.status, text: isStream ? '' : await answer.text() }
}

const isRefusal = (status: number) => [401, 403, 404].includes(status)

it('has a line for every route of the document, with its permission, and no other', () => {
  const permissions = Object.fromEntries(documented.map(([name, of]) => [name, of['x-aloft-permission']]))
  const stated = Object.fromEntries(
    Object.entries(ROUTES).map(([name, { permission }]) => [name, permission]),
  )
  expect(permissions).toEqual(stated)
})

it('every handler under /api is in the document', () => {
  const mounted = app.routes
    .filter(({ method, path }) => path.startsWith('/api/') && method !== 'ALL')
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  const names = documented.map(([name]) => name)
  expect([...new Set(mounted)].filter((name) => !names.includes(name))).toEqual([])
  expect(mounted.length).toBeGreaterThan(20)
})

describe.each(AccessRole.options)('%s', (role) => {
  it.each(Object.entries(ROUTES))('everywhere: %s', async (route, { permission, object, showsSites }) => {
    const held = HELD[permission]?.roles.includes(role)
    const as = await app.token(role)
    for (const site of [OWN_SITE, OTHER_SITE]) {
      const { status, text } = await ask(route, site, { as })
      if (!held) expect([route, status]).toEqual([route, 403])
      else if (object?.endsWith('-of-others'))
        expect(status).toBe(role === 'admin' && object.startsWith('token') ? 204 : 404)
      else expect([route, isRefusal(status)]).toEqual([route, false])
      if (held && showsSites) expect(text).toContain(site)
    }
  })

  it.each(Object.entries(ROUTES))(
    'at one site: %s',
    async (route, { permission, object, showsSites, needsEverywhere = false }) => {
      const { roles = [], bound } = HELD[permission] ?? {}
      const as = await app.token(role, { sites: [OWN_SITE] })
      const may = roles.includes(role) && bound !== 'everywhere' && !needsEverywhere
      const own = await ask(route, OWN_SITE, { as })
      const other = await ask(route, OTHER_SITE, { as })
      if (!may) {
        expect([route, own.status, other.status]).toEqual([route, 403, 403])
        return
      }
      if (object?.endsWith('-of-others')) expect([own.status, other.status]).toEqual([404, 404])
      else if (object !== undefined) {
        expect([route, isRefusal(own.status)]).toEqual([route, false])
        expect([route, other.status]).toEqual([route, 404])
      } else expect([route, isRefusal(own.status)]).toEqual([route, false])
      if (showsSites) expect(own.text).toContain(OWN_SITE)
      for (const trace of objects.tracesOf(OTHER_SITE)) expect(own.text).not.toContain(trace)
    },
  )
})

describe('who is nobody', () => {
  it.each(Object.keys(ROUTES))('is refused: %s', async (route) => {
    for (const as of [null, 'aloft_api_made-up', 'x']) {
      const { status } = await ask(route, OWN_SITE, { as })
      expect(status).toBe(401)
    }
    const cookie = {
      cookie: 'aloft_session=aloft_session_made-up',
      origin: 'http://aloft.test',
      host: 'aloft.test',
    }
    expect((await ask(route, OWN_SITE, { as: null, headers: cookie })).status).toBe(401)
  })

  it('gets nothing but health, the way in, and the dashboard’s files', async () => {
    const others = app.routes.filter(
      ({ method, path }) => method !== 'ALL' && !path.startsWith('/api/') && !path.startsWith('/agent/v1/'),
    )
    const answered: string[] = []
    for (const { method, path } of others) {
      if (path.endsWith('*')) continue
      const answer = await app.fetch(path, { method, as: null, redirect: 'manual' })
      if (answer.status < 400) answered.push(path)
      else if (!OWN_PROOF.includes(path) && !(method === 'POST' && path === '/sign-in')) {
        expect([path, answer.status]).toEqual([path, 401])
      }
    }
    expect(answered.sort()).toEqual([...OPEN].sort())
    expect(others.length).toBeGreaterThan(8)
  })
})

describe('a browser session changes things from our own pages only', () => {
  it.each(Object.keys(ROUTES).filter((route) => !route.startsWith('get ')))('%s', async (route) => {
    const cookie = `aloft_session=${await app.session()}`
    const from = async (origin: string | null) => {
      const headers = { cookie, host: 'aloft.test', ...(origin === null ? {} : { origin }) }
      return ask(route, OWN_SITE, { as: null, headers })
    }
    for (const origin of [
      null,
      'null',
      'http://evil.test',
      'http://aloft.test.evil.test',
      'http://aloft.test:81',
    ]) {
      const { status, text } = await from(origin)
      expect([status, text]).toEqual([403, expect.stringContaining('own pages')])
    }
    expect((await from('http://aloft.test')).text).not.toContain('own pages')
  })
})

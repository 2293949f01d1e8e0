import type { Server } from 'node:http'
import type { AccessRole } from '@aloft/shared/api/access'
import { createAdaptorServer } from '@hono/node-server'
import { ADMIN_EVERYWHERE } from '../access/permissions.ts'
import { hashSecret, mintSecret } from '../access/secrets.ts'
import { type AppDependencies, createApp } from '../app.ts'
import { createBus } from '../bus/bus.ts'
import { notifyCarrier } from '../bus/store-notify.ts'
import { Centre } from '../centre-keys/centre.ts'
import { ringAfterCommit } from '../database/after-commit.ts'
import { apiTokens, browserSessions } from '../database/schema/index.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { startFeedReader } from '../stream/feed-reader.ts'
import { loadStaticFiles, type StaticFiles } from './static-files.ts'

export interface TestApplication {
  readonly database: TestDatabase
  readonly admin: string
  /** What the application reported as its own fault. */
  readonly faults: unknown[]
  clock: { nowMs: number }
  /** Everything that is mounted, middleware included. */
  readonly routes: readonly { readonly method: string; readonly path: string }[]
  /** A token with one role, everywhere or at sites (names) that exist. */
  token(
    role: AccessRole,
    limits?: { readonly sites?: readonly string[]; readonly expiresAtMs?: number },
  ): Promise<string>
  session(): Promise<string>
  /** `as: null` sends no credential. */
  fetch(path: string, init?: RequestInit & Asked): Promise<Response>
  /** For what must come over a socket; not listening yet. */
  server(): Server
  close(): Promise<void>
}

interface Asked {
  readonly as?: string | null
  /** What a server would hand on beside the request, such as the peer's address. */
  readonly env?: object
}

/** The whole application on a database of its own, called without a socket. */
export async function startTestApplication(
  options: Partial<
    Pick<
      AppDependencies,
      'keepAliveMs' | 'tickToken' | 'rateLimits' | 'trustedProxies' | 'telemetry' | 'provider' | 'isDraining'
    >
  > & {
    readonly dashboardFolder?: string
    /** Instead of a new one; it is the caller's to drop. */
    readonly database?: TestDatabase
  } = {},
): Promise<TestApplication> {
  const { dashboardFolder, database: own, ...given } = options
  const database = own ?? (await createTestDatabase())
  const faults: unknown[] = []
  const clock = { nowMs: Date.now() }
  const silent = { info: () => {}, warn: () => {} }
  const bus = createBus({ carrier: notifyCarrier(database), log: silent })
  ringAfterCommit(database.db, bus.publish)
  const reader = await startFeedReader({ db: database.db, bus, warn: (message) => faults.push(message) })
  const dashboard: StaticFiles | null =
    dashboardFolder === undefined ? null : loadStaticFiles(dashboardFolder)
  const log = { info: () => {}, warn: () => {}, error: (facts: object) => void faults.push(facts) }
  const app = createApp({
    database,
    centre: new Centre({ db: database.db, keyEncryptionKey: null, now: () => clock.nowMs }),
    reader,
    dashboard,
    log,
    now: () => clock.nowMs,
    gatewayFigures: () => ({ agents: 3 }),
    replica: 'test',
    tickToken: null,
    // Tests ask as fast as they can.
    rateLimits: null,
    ...given,
  })
  const token: TestApplication['token'] = async (role, { sites, expiresAtMs = null } = {}) => {
    const secret = mintSecret('api')
    const rows = sites && (await database.sql`select id from sites where name in ${database.sql(sites)}`)
    const grants = [{ role, siteIds: rows?.map((row) => String(row['id'])) ?? null }]
    const row = { name: 'test', prefix: '', hash: hashSecret(secret), grants, createdAtMs: clock.nowMs }
    await database.db.insert(apiTokens).values({ ...row, expiresAtMs })
    return secret
  }
  const admin = await token('admin')
  return {
    database,
    admin,
    faults,
    clock,
    routes: app.routes,
    token,
    session: () => newSession(database, clock.nowMs),
    fetch: async (path, { as = admin, env, ...init } = {}) => {
      const headers = new Headers(init.headers)
      if (as !== null) headers.set('authorization', `Bearer ${as}`)
      return app.request(`http://aloft.test${path}`, { ...init, headers }, env)
    },
    server: () => createAdaptorServer({ fetch: app.fetch }) as Server,
    close: async () => {
      await reader.stop()
      await bus.stop()
      await database.close()
    },
  }
}

/** A browser session of the console: its secret. */
async function newSession({ db }: TestDatabase, nowMs: number): Promise<string> {
  const secret = mintSecret('session')
  const instants = { createdAtMs: nowMs, lastSeenAtMs: nowMs, expiresAtMs: nowMs + 60_000 }
  const row = { hash: hashSecret(secret), grants: ADMIN_EVERYWHERE, method: 'link' as const }
  await db.insert(browserSessions).values({ ...row, ...instants })
  return secret
}

import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { createApp, type Log } from './app.ts'
import { createBus } from './bus/bus.ts'
import { notifyCarrier } from './bus/store-notify.ts'
import { Centre } from './centre-keys/centre.ts'
import { ringAfterCommit } from './database/after-commit.ts'
import { openDatabase } from './database/client.ts'
import { loadStaticFiles } from './http/static-files.ts'
import { installationRoot } from './installed-files.ts'
import { DEFAULT_RETENTION, type Retention } from './retention/settings.ts'
import { createFeedReader } from './stream/feed-reader.ts'

export interface ServerlessOptions {
  readonly databaseUrl: string
  /** What the centre's signing key is sealed with; null where it is in the clear. */
  readonly keyEncryptionKey: string | null
  /** What it may still be sealed with. */
  readonly keyEncryptionKeyBefore?: string | null
  /** What the scheduler shows at `POST /internal/tick`: the only clock there is. Null admits none. */
  readonly tickToken: string | null
  /** For how long history is kept; usual by default. */
  readonly retention?: Retention
  readonly log: Log
}

/** The control plane as one function of a request, for a platform that starts it when somebody asks. */
export interface Serverless {
  fetch(request: Request): Promise<Response>
  /** For platforms that say when an instance ends; one that is just dropped leaves nothing undone. */
  close(): Promise<void>
}

/** A duty takes two connections; a request one. The platform starts as many instances as it likes. */
const CONNECTIONS = 4

/**
 * Nothing is warmed up and nothing opened: the first request opens what it needs. There are no WebSockets and no timers
 * that must ring: agents come by `POST /agent/v1/exchange`, and what is due is done by `POST /internal/tick`.
 * The schema is not touched: `aloft control-plane migrate` is a step of the deployment.
 */
export function createServerless({
  databaseUrl,
  keyEncryptionKey,
  keyEncryptionKeyBefore = null,
  retention = DEFAULT_RETENTION,
  ...options
}: ServerlessOptions): Serverless {
  const { log } = options
  const database = openDatabase({ url: databaseUrl }, CONNECTIONS)
  const { db } = database
  const bus = createBus({ log, carrier: notifyCarrier(database) })
  ringAfterCommit(db, bus.publish)
  const reader = createFeedReader({ db, bus, warn: (message) => log.warn({}, message) })
  const app = createApp({
    ...options,
    retention,
    database,
    centre: new Centre({ db, keyEncryptionKey, keyEncryptionKeyBefore, now: Date.now }),
    reader,
    dashboard: loadStaticFiles(path.join(installationRoot(), 'dashboard', 'dist')),
    now: Date.now,
    replica: `request-${randomUUID()}`,
    gatewayFigures: () => ({}),
  })
  return {
    fetch: async (request) => app.fetch(request),
    close: async () => {
      await reader.stop()
      await bus.stop()
      await database.close()
    },
  }
}

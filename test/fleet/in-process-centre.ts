/** The whole control plane of `startControlPlane`, in this process, on a database of the test's own. */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createTestDatabase, type TestDatabase } from '../../control-plane/src/database/test-database.ts'
import { type ControlPlane, startControlPlane } from '../../control-plane/src/start.ts'

export interface InProcessCentre {
  readonly database: TestDatabase
  readonly plane: ControlPlane
  stop(): Promise<void>
}

export async function startInProcess(): Promise<InProcessCentre> {
  const database = await createTestDatabase()
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-in-process-'))
  const plane = await startControlPlane({
    port: 0,
    host: '127.0.0.1',
    dataDir: path.join(folder, 'data'),
    databaseUrl: urlOf(database),
    unixSocket: null,
    tls: null,
    bus: null,
    otlp: null,
    keyEncryptionKey: null,
    tickToken: null,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    progress: () => {},
  })
  return {
    database,
    plane,
    stop: async () => {
      await plane.stop()
      delete process.env['PGHOST']
      delete process.env['PGUSER']
      await database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The test server listens on a unix socket alone, which the driver takes from the environment. */
function urlOf({ address }: TestDatabase): string {
  if ('url' in address) return address.url
  process.env['PGHOST'] = address.socketFolder
  process.env['PGUSER'] = address.user
  return `postgres:///${address.database}`
}

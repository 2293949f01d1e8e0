import { createApp } from '@aloft/control-plane/app'
import { Centre } from '@aloft/control-plane/centre-keys/centre'
import { openDatabase } from '@aloft/control-plane/database/client'

/** The application as far as its routes and its document go: nothing connects before a first query, and none is made. */
export function appWithoutDatabase(): ReturnType<typeof createApp> {
  const database = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none' })
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  return createApp({
    database,
    reader: {
      ready: async () => {},
      position: () => 0,
      followers: () => 0,
      subscribe: () => () => {},
      stop: async () => {},
    },
    dashboard: null,
    now: () => 0,
    log,
    centre: new Centre({ db: database.db, keyEncryptionKey: null, now: () => 0 }),
    gatewayFigures: () => ({}),
    replica: 'none',
    tickToken: null,
  })
}

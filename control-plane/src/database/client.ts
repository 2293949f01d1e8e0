import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import * as schema from './schema/index.ts'

/** A URL (`postgres://…`), or the socket folder of our own server, which listens nowhere else. */
export type DatabaseAddress = { readonly url: string } | SocketAddress

export interface SocketAddress {
  readonly socketFolder: string
  readonly user: string
  readonly database: string
}

export type Database = PostgresJsDatabase<typeof schema>
/** What `transact` hands on. A verb passes it to every store call: the outer database is not in scope there. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]
/** Where a store may read or write: inside a transaction or without one. */
export type Queryable = Database | Transaction

export interface OpenDatabase {
  readonly db: Database
  /**
   * The plain client on the same pool, for LISTEN and hot paths. Instants are numbers (milliseconds) all over the
   * schema, because drizzle replaces this client's date parsers and serializers.
   */
  readonly sql: postgres.Sql
  /** Waits for running queries for at most five seconds. */
  close(): Promise<void>
}

/** A pool of connections, opened as they are needed: this never fails, the first query may. */
export function openDatabase(address: DatabaseAddress, connections = 10): OpenDatabase {
  const sql = connect(address, connections)
  return { db: drizzle(sql, { schema }), sql, close: () => sql.end({ timeout: 5 }) }
}

function connect(address: DatabaseAddress, connections: number): postgres.Sql {
  const options = {
    max: connections,
    connect_timeout: 5,
    // PostgreSQL restarts in well under a second; the default would wait up to twenty before it looks again.
    backoff: () => 0.1,
    onnotice: () => {},
    connection: { application_name: 'aloft' },
  }
  if ('url' in address) return postgres(address.url, options)
  return postgres({
    ...options,
    host: address.socketFolder,
    port: 5432,
    user: address.user,
    database: address.database,
  })
}

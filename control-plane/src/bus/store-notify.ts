import type { OpenDatabase } from '../database/client.ts'
import type { Carrier } from './bus.ts'

/** LISTEN on this to hear what replicas say. A payload is an origin, a topic and a cursor: far below the 8000 bytes. */
const CHANNEL = 'aloft_bus'

/**
 * PostgreSQL's own NOTIFY, each in a transaction of nothing else: a commit that notifies takes a lock of the whole
 * database, and one that inserts events must not wait for it.
 */
export function notifyCarrier({ sql }: OpenDatabase): Carrier {
  let listening: { unlisten(): Promise<unknown> } | null = null
  let newest = 0
  const unlisten = async (): Promise<void> => {
    const before = listening
    listening = null
    await before?.unlisten().catch(() => {})
  }
  return {
    kind: 'postgresql',
    listen: async (hear) => {
      await unlisten()
      newest += 1
      const own = newest
      // The driver listens anew by itself too when it lost its connection, with callbacks that nothing takes back.
      listening = await sql.listen(CHANNEL, (message) => {
        if (own === newest) hear(message)
      })
    },
    send: async (messages) => {
      // Without parameters it is one round trip, and nothing that a pooler's server would have to know.
      await sql.unsafe(
        messages.map((message) => `select pg_notify(${quoted(CHANNEL)}, ${quoted(message)})`).join(';'),
      )
    },
    stop: unlisten,
  }
}

/** As a literal, which knows no backslash (standard_conforming_strings). */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

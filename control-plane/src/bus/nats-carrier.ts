import type { NatsConnection } from '@nats-io/transport-node'
import type { Carrier } from './bus.ts'

export interface NatsAddress {
  readonly servers: readonly string[]
  readonly user: string | undefined
  readonly pass: string | undefined
  readonly tls: boolean
  /** Replicas of one centre share it, and no other centre on the same servers may. */
  readonly subject: string
}

/** `nats://[USER:PASSWORD@]HOST[:PORT][,HOST…][/SUBJECT]`, or `tls://…`. Throws `RangeError` on anything else. */
export function parseNatsAddress(text: string): NatsAddress {
  const match = /^(nats|tls):\/\/(?:([^:@/]+)(?::([^@/]*))?@)?([^@/]+)(?:\/([\w.-]+))?$/.exec(text)
  const [, scheme, user, pass, hosts = '', subject = 'aloft'] = match ?? []
  const servers = hosts.split(',').map((host) => (/:\d+$/.test(host) ? host : `${host}:4222`))
  if (match === null || servers.some((server) => !/^(\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i.test(server)))
    throw new RangeError('--bus must be postgresql, or nats://[USER:PASSWORD@]HOST[:PORT][/SUBJECT]')
  const plain = (part: string | undefined) => (part === undefined ? undefined : decodeURIComponent(part))
  return { servers, user: plain(user), pass: plain(pass), tls: scheme === 'tls', subject }
}

const CONNECT_MS = 3_000
const RECONNECT_WAIT_MS = 250

/** Core NATS, at most once: nothing is kept for who is away, for everybody looks each second anyway. */
export function natsCarrier(address: NatsAddress): Carrier {
  const subject = `${address.subject}.look`
  let connecting: Promise<NatsConnection> | null = null
  let hear: ((message: string) => void) | null = null
  let up = false

  const connected = async (): Promise<NatsConnection> => {
    connecting ??= connect(address).then((connection) => {
      up = true
      void watch(connection, (isUp) => {
        up = isUp
      })
      // The client subscribes again by itself when it comes back; each of ours is for one connection's life.
      connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) hear?.(message.string())
        },
      })
      void connection.closed().then(() => {
        up = false
        connecting = null
      })
      return connection
    })
    return connecting.catch((error: unknown) => {
      connecting = null
      throw error
    })
  }
  return {
    kind: 'nats',
    listen: async (to) => {
      hear = to
      await connected()
    },
    send: async (messages) => {
      const connection = await connected()
      // While it is away the client would keep every message for its return, when nobody needs them.
      if (!up) throw new Error('NATS is away')
      for (const message of messages) connection.publish(subject, message)
    },
    stop: async () => {
      const connection = await connecting?.catch(() => null)
      await connection?.close()
    },
  }
}

/** The client is loaded by those who use it: 30 ms of a start. */
async function connect({ servers, user, pass, tls }: NatsAddress): Promise<NatsConnection> {
  const nats = await import('./nats-client.ts')
  return nats.connect({
    servers: [...servers],
    name: 'aloft',
    timeout: CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(tls ? { tls: {} } : {}),
  })
}

async function watch(connection: NatsConnection, say: (isUp: boolean) => void): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'reconnect') say(true)
    if (type === 'disconnect' || type === 'staleConnection') say(false)
  }
}

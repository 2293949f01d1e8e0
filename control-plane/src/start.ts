import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import path from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { ensureAdminToken } from './access/admin-token.ts'
import { createSignInCode } from './access/sign-in.ts'
import { keepReplica } from './agents/presence.ts'
import { createApp, type Log } from './app.ts'
import { type Bus, createBus } from './bus/bus.ts'
import { natsCarrier, parseNatsAddress } from './bus/nats-carrier.ts'
import { notifyCarrier } from './bus/store-notify.ts'
import { Centre } from './centre-keys/centre.ts'
import { ringAfterCommit } from './database/after-commit.ts'
import { forgetReplicas } from './database/alone.ts'
import { type DatabaseAddress, type OpenDatabase, openDatabase } from './database/client.ts'
import { lockDataDirectory } from './database/data-directory.ts'
import { type EmbeddedServer, startEmbeddedServer } from './database/embedded-server.ts'
import { lockRoomWarning } from './database/lock-room.ts'
import { migrateDatabase } from './database/migrate.ts'
import { transact } from './database/transact.ts'
import { AT_START, whenAnswering } from './database/when-answering.ts'
import { dutiesKeeping } from './duties/all.ts'
import { startTicker } from './duties/ticker.ts'
import { partitionsKeeping } from './events/days.ts'
import { type Gateway, startGateway } from './gateway/gateway.ts'
import { createHolds, type Holds, wakeHolds } from './gateway/holds.ts'
import { CONNECT_PATH } from './gateway/socket.ts'
import { problemAnswer } from './http/problem-answer.ts'
import type { RateLimits } from './http/rate-limit.ts'
import { loadStaticFiles } from './http/static-files.ts'
import { openProvider } from './identity-provider/provider.ts'
import type { ProviderSettings } from './identity-provider/settings.ts'
import { installationRoot } from './installed-files.ts'
import { listenTcp, listenUnix } from './listen.ts'
import { Unavailable } from './problems.ts'
import { DEFAULT_RETENTION, type Retention } from './retention/settings.ts'
import { limitedServer, SERVER_LIMITS, type ServerLimits } from './server-limits.ts'
import { softwareVersion } from './software-version.ts'
import { type FeedReader, startFeedReader } from './stream/feed-reader.ts'
import { type OtlpTarget, startTelemetry, type Telemetry } from './telemetry/telemetry.ts'
import { keepTls, readTls, type TlsFiles } from './tls-files.ts'
import { type Undo, undoAll } from './undo.ts'

export interface ControlPlaneOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host: string
  readonly dataDir: string
  /** Null runs our own PostgreSQL in the data directory. */
  readonly databaseUrl: string | null
  /** Listened on besides TCP; null does not. */
  readonly unixSocket: string | null
  /** TCP is spoken to by TLS alone, 1.2 or newer; null speaks plain HTTP. A unix socket is always plain. */
  readonly tls: TlsFiles | null
  /** `nats://…`; null is PostgreSQL's own NOTIFY. */
  readonly bus: string | null
  /** An OpenTelemetry collector that is told of events and traces. */
  readonly otlp: OtlpTarget | null
  /** What the centre's signing key is sealed with in the database; null leaves it in the clear. */
  readonly keyEncryptionKey: string | null
  /** What it may still be sealed with, while the one above is new. */
  readonly keyEncryptionKeyBefore?: string | null
  /** False: agents come by HTTP requests alone. */
  readonly webSockets?: boolean
  /** What a scheduler shows at `POST /internal/tick`; null admits none. */
  readonly tickToken: string | null
  /** For how long history is kept; usual by default. */
  readonly retention?: Retention
  /** Instead of the usual ones; null limits nobody. */
  readonly rateLimits?: RateLimits | null
  /** Balancers whose `X-Forwarded-For` is believed: addresses and prefixes. */
  readonly trustedProxies?: readonly string[]
  readonly serverLimits?: ServerLimits
  /** Where people may sign in besides here. */
  readonly identityProvider?: ProviderSettings | null
  readonly log: Log
  /** What it is doing, for people who wait. */
  readonly progress: (line: string) => void
}

export interface ControlPlane {
  readonly url: string
  readonly port: number
  readonly adminTokenFile: string
  /** A new one-time sign-in link. */
  signInLink(): Promise<string>
  /** The embedded PostgreSQL's process; null with `databaseUrl`, or while it is being restarted. */
  postgresPid(): number | null
  /** Reads the TLS files again; null without TLS. A change of theirs is noticed without it, some seconds later. */
  readonly reload: (() => void) | null
  /** Ends agents' sessions politely, then everything else. */
  stop(): Promise<void>
}

/** `env` is what the server knows beside the request: the socket. */
type Fetch = (request: Request, env?: object) => Response | Promise<Response>

/**
 * Starts the whole control plane. Throws `DataDirectoryInUse`, `CannotListen`, or what PostgreSQL said; then nothing
 * of it is left running.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const undo: Undo[] = []
  try {
    return await startAll(options, undo)
  } catch (error) {
    await undoAll(undo)
    throw error
  }
}

async function startAll(options: ControlPlaneOptions, undo: Undo[]): Promise<ControlPlane> {
  const { log, dataDir } = options
  if (options.bus !== null) parseNatsAddress(options.bus)
  const lock = lockDataDirectory(dataDir)
  undo.push(() => lock.release())
  const front = await openFront(options, undo)
  const embedded = options.databaseUrl === null ? await startPostgres(options, undo) : null
  const address = addressOf(options, embedded)
  options.progress('Bringing the database schema up to date …')
  const patience = { ...AT_START, say: options.progress }
  await whenAnswering(() => migrateDatabase(address), patience)
  const database = openDatabase(address)
  undo.push(() => database.close())
  const replica = randomUUID()
  const warning = await whenAnswering(() => lockRoomWarning(database.db, partitionsOf(options)), patience)
  if (warning !== null) log.warn({}, warning)
  if (embedded !== null) await forgetReplicas(database.db)
  // Before anybody can ask: if the centre was away, nobody is absent yet.
  await whenAnswering(() => transact(database.db, (tx) => keepReplica(tx, replica)), patience)
  const adminTokenFile = await whenAnswering(
    () => ensureAdminToken(database.db, dataDir, Date.now()),
    patience,
  )
  const bus = openBus(options, database, undo)
  const reader = await startFeedReader({ db: database.db, bus, warn: (message) => log.warn({}, message) })
  undo.push(() => reader.stop())
  const centre = await openCentre(options, database)
  const version = softwareVersion()
  const telemetry = startTelemetry({ bus, otlp: options.otlp, log, replica, version })
  undo.push(() => telemetry.stop())
  // When agents were sent elsewhere: no more requests, and streams are let go.
  undo.push(() => front.close())
  const gateway = startGateway({
    ...{ db: database.db, bus, centre, log, replica },
    committed: telemetry.committed,
  })
  undo.push(() => gateway.stop())
  const holds = createHolds()
  undo.push(() => holds.stop())
  undo.push(wakeHolds({ db: database.db, bus, holds, now: Date.now }))
  const settings = settingsOf(options)
  const duties = dutiesKeeping(settings.retention)
  const ticker = startTicker({ db: database.db, duties, replica, log })
  undo.push(() => ticker.stop())
  let isDraining = false
  const parts = { database, centre, reader, gateway, holds, replica, telemetry, isDraining: () => isDraining }
  front.open(appOf({ ...parts, ...settings }), options.webSockets === false ? null : gateway)
  // The first thing to happen at the end: who balances hears of it, and sends nobody new.
  undo.push(() => {
    isDraining = true
  })
  return {
    url: front.url,
    port: front.port,
    adminTokenFile,
    signInLink: async () => `${front.url}/sign-in?code=${await createSignInCode(database.db, Date.now())}`,
    postgresPid: () => embedded?.pid() ?? null,
    reload: front.reload,
    stop: () => undoAll(undo),
  }
}

async function startPostgres(options: ControlPlaneOptions, undo: Undo[]): Promise<EmbeddedServer> {
  const { dataDir, progress, log } = options
  const warn = (line: string) => log.warn({}, line)
  const server = await startEmbeddedServer({ dataDir, progress, warn, partitions: partitionsOf(options) })
  undo.push({ unhurried: () => server.stop() })
  return server
}

function openBus({ bus: url, log }: ControlPlaneOptions, database: OpenDatabase, undo: Undo[]): Bus {
  const bus = createBus({
    log,
    carrier: url === null ? notifyCarrier(database) : natsCarrier(parseNatsAddress(url)),
  })
  undo.push(() => bus.stop())
  ringAfterCommit(database.db, bus.publish)
  return bus
}

function partitionsOf({ retention = DEFAULT_RETENTION }: ControlPlaneOptions): number {
  return partitionsKeeping(retention.eventsMs)
}

/** Loaded now: a key that cannot be opened is known before anybody connects. */
async function openCentre(
  { keyEncryptionKey, keyEncryptionKeyBefore = null, log }: ControlPlaneOptions,
  { db }: OpenDatabase,
): Promise<Centre> {
  const centre = new Centre({ db, keyEncryptionKey, keyEncryptionKeyBefore, now: Date.now })
  await centre.keys()
  if (keyEncryptionKey === null)
    log.info({}, 'the signing key is in the database in the clear; ALOFT_KEY_ENCRYPTION_KEY would seal it')
  if (keyEncryptionKeyBefore !== null)
    log.info(
      {},
      'the signing key is sealed with ALOFT_KEY_ENCRYPTION_KEY; the one before is not needed any more',
    )
  return centre
}

function addressOf(options: ControlPlaneOptions, embedded: EmbeddedServer | null): DatabaseAddress {
  return embedded?.address ?? { url: options.databaseUrl ?? '' }
}

/** What the application takes as it was given. */
function settingsOf({
  log,
  tickToken,
  rateLimits,
  trustedProxies,
  retention = DEFAULT_RETENTION,
  identityProvider = null,
}: ControlPlaneOptions) {
  return {
    log,
    retention,
    tickToken,
    provider: identityProvider === null ? null : openProvider(identityProvider),
    ...(rateLimits === undefined ? {} : { rateLimits }),
    ...(trustedProxies === undefined ? {} : { trustedProxies }),
  }
}

function appOf(
  parts: {
    readonly database: OpenDatabase
    readonly centre: Centre
    readonly reader: FeedReader
    readonly gateway: Gateway
    readonly telemetry: Telemetry
    readonly holds: Holds
    readonly replica: string
    readonly isDraining: () => boolean
  } & ReturnType<typeof settingsOf>,
): Fetch {
  const { gateway, holds, ...rest } = parts
  const app = createApp({
    ...rest,
    dashboard: loadStaticFiles(path.join(installationRoot(), 'dashboard', 'dist')),
    now: () => Date.now(),
    exchange: { holds },
    gatewayFigures: () => ({ ...gateway.figures(), heldRequests: holds.sessions().length }),
  })
  return (request, env) => app.fetch(request, env)
}

/** The listening sockets: open at once, so that a port that is taken is known before anything else is done. */
interface Front {
  readonly url: string
  readonly port: number
  open(fetch: Fetch, gateway: Gateway | null): void
  readonly reload: (() => void) | null
  close(): Promise<void>
}

async function openFront(options: ControlPlaneOptions, undo: Undo[]): Promise<Front> {
  const { host, port, unixSocket, tls } = options
  let fetch: Fetch = () => problemAnswer(new Unavailable('the control plane is starting', 2_000), () => {})
  let gateway: Gateway | null = null
  let noGateway = '503 Service Unavailable'
  const serverOf = (files: TlsFiles | null): Server => {
    const server = createAdaptorServer({
      fetch: (request, env) => fetch(request, env),
      ...(files !== null && { createServer: createTlsServer }),
      serverOptions: {
        ...limitedServer(options.serverLimits ?? SERVER_LIMITS),
        ...(files !== null && readTls(files)),
      },
    }) as Server
    server.on('upgrade', (request, socket, head) => {
      const isConnect = request.url?.split('?')[0] === CONNECT_PATH
      if (gateway !== null && isConnect) gateway.handleUpgrade(request, socket, head)
      else socket.end(`HTTP/1.1 ${isConnect ? noGateway : '404 Not Found'}\r\nConnection: close\r\n\r\n`)
    })
    undo.push(() => closeNow(server))
    return server
  }
  const tcp = serverOf(tls)
  const keeper = tls === null ? null : keepTls(tcp as TlsServer, tls, options.log)
  undo.push(() => keeper?.stop())
  const boundPort = await listenTcp(tcp, host, port)
  const servers = [tcp]
  if (unixSocket !== null) {
    const unix = serverOf(null)
    await listenUnix(unix, unixSocket)
    servers.push(unix)
  }
  return {
    url: `${tls === null ? 'http' : 'https'}://${reachable(host)}:${boundPort}`,
    port: boundPort,
    reload: keeper?.reload ?? null,
    open: (to, agents) => {
      fetch = to
      gateway = agents
      // An agent that is told so comes by requests.
      if (agents === null) noGateway = '501 Not Implemented'
    },
    close: async () => {
      fetch = () => problemAnswer(new Unavailable('the control plane is stopping', 2_000), () => {})
    },
  }
}

function closeNow(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** What a browser on this host can open: a wildcard is no address to go to, and IPv6 wants brackets. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

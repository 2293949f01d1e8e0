import { type Figure, gauge } from '@aloft/shared/metrics/exposition'
import { EXCHANGE_BYTES_MAX, EXCHANGE_PATH } from '@aloft/shared/protocol/exchange'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { accessRoutes } from './access/routes.ts'
import { accountRoutes } from './account/routes.ts'
import { enrolmentRoute } from './agents/enrolment-route.ts'
import { keepCentre } from './agents/presence.ts'
import { agentRoutes } from './agents/routes.ts'
import { apiTokenRoutes } from './api-tokens/routes.ts'
import { auditRoutes } from './audit/routes.ts'
import { availabilityRoutes } from './availability/routes.ts'
import type { Centre } from './centre-keys/centre.ts'
import { centreKeyRoutes } from './centre-keys/routes.ts'
import { commandRoutes } from './commands/routes.ts'
import type { OpenDatabase } from './database/client.ts'
import { databaseState } from './database/readiness.ts'
import { databaseAway } from './database/transact.ts'
import { dutiesKeeping } from './duties/all.ts'
import { tickRoute } from './duties/routes.ts'
import { enrolmentTokenRoutes } from './enrolment-tokens/routes.ts'
import { partitionsKeeping } from './events/days.ts'
import { eventRoutes } from './events/routes.ts'
import { failoverRoutes } from './failovers/routes.ts'
import { type ExchangeOptions, exchangeRoute } from './gateway/exchange-route.ts'
import { apiDocument } from './http/api-document.ts'
import { applyRules, refuseTheRest } from './http/api-rules.ts'
import { clientAddress, trustedProxies } from './http/client-address.ts'
import { credentialOf, requireCaller, SESSION_COOKIE } from './http/credentials.ts'
import { docsPage } from './http/docs-page.ts'
import { everyAnswer } from './http/every-answer.ts'
import { AnswerCounter, processFigures } from './http/metrics.ts'
import { metricsAnswer } from './http/metrics-answer.ts'
import { dashboardMissingPage, STYLE } from './http/pages.ts'
import { problemAnswer } from './http/problem-answer.ts'
import { RATE_LIMITS, type RateLimits } from './http/rate-limit.ts'
import type { RequestVariables } from './http/request-context.ts'
import { requirePermission } from './http/router.ts'
import { type StaticFiles, staticAnswer } from './http/static-files.ts'
import type { Provider } from './identity-provider/provider.ts'
import { providerRoutes } from './identity-provider/routes.ts'
import { NotFound, Unavailable } from './problems.ts'
import { DEFAULT_RETENTION, type Retention } from './retention/settings.ts'
import { siteRoutes } from './sites/routes.ts'
import type { FeedReader } from './stream/feed-reader.ts'
import { streamRoutes } from './stream/routes.ts'
import { fleetFigures } from './telemetry/fleet-figures.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import { userRoutes } from './users/routes.ts'
import { virtualRouterRoutes } from './virtual-routers/routes.ts'

export interface Log {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** Everything the application stands on. It holds no state of its own: any number of replicas may serve one database. */
export interface AppDependencies {
  readonly database: OpenDatabase
  readonly centre: Centre
  readonly reader: FeedReader
  /** The built dashboard, or null when it is not built. */
  readonly dashboard: StaticFiles | null
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
  /** What the gateway of this process has to say in `/metrics`. */
  readonly gatewayFigures: () => Readonly<Record<string, number>>
  /** What else this process has to say, and whom it tells of requests. */
  readonly telemetry?: Omit<Telemetry, 'stop'>
  /** Which process this is, among all that serve the database. */
  readonly replica: string
  /** What a scheduler outside shows at `POST /internal/tick`; null admits nobody. */
  readonly tickToken: string | null
  /** This replica is on its way out: it serves whom it has, and wants nobody new. */
  readonly isDraining?: () => boolean
  /** For how long what is kept; as long as usual by default. */
  readonly retention?: Retention
  readonly keepAliveMs?: number
  /** Instead of the usual ones; null limits nobody. */
  readonly rateLimits?: RateLimits | null
  /** Balancers in front, as addresses or prefixes: their `X-Forwarded-For` says who calls. */
  readonly trustedProxies?: readonly string[]
  /** How agents are heard without a socket. */
  readonly exchange?: Pick<ExchangeOptions, 'holds' | 'limits' | 'holdMs'>
  /** Where people may sign in besides here. */
  readonly provider?: Provider | null
}

type App = OpenAPIHono<{ Variables: RequestVariables }>

const BODY_BYTES_MAX = 64 * 1024

/** The whole HTTP side as a Web-standard `fetch` handler. WebSockets of agents are taken before it (`gateway/`). */
export function createApp(dependencies: AppDependencies): App {
  const { log } = dependencies
  const answers = new AnswerCounter()
  const app: App = new OpenAPIHono<{ Variables: RequestVariables }>()
  app.use(everyAnswer(answers, dependencies))
  app.use(limitBody)
  app.use((c, next) => {
    c.set('report', (err) => log.error({ err, requestId: c.get('requestId') }, 'request failed'))
    return next()
  })
  app.onError((error, c) => problemAnswer(error, c.get('report')))
  mountOpen(app, dependencies)
  mountApi(app, dependencies)
  mountDocuments(app, dependencies, answers)
  mountDashboard(app, dependencies)
  return app
}

const tooLarge = (bytes: number) => (): never => {
  throw new HTTPException(413, { message: `the body is larger than ${bytes} bytes` })
}
const ofPeople = bodyLimit({ maxSize: BODY_BYTES_MAX, onError: tooLarge(BODY_BYTES_MAX) })
const ofAgents = bodyLimit({ maxSize: EXCHANGE_BYTES_MAX, onError: tooLarge(EXCHANGE_BYTES_MAX) })

/** Agents bring whole batches of events. */
const limitBody: MiddlewareHandler = (c, next) =>
  c.req.path === EXCHANGE_PATH ? ofAgents(c, next) : ofPeople(c, next)

/** What needs no credential: health, signing in, and what agents bring their own proof to. */
function mountOpen(app: App, dependencies: AppDependencies): void {
  const {
    database,
    centre,
    now,
    log,
    replica,
    tickToken,
    exchange,
    telemetry,
    provider = null,
    isDraining = () => false,
    retention = DEFAULT_RETENTION,
  } = dependencies
  const { db } = database
  app.get('/healthz', (c) => c.text('ok\n'))
  app.get('/readyz', async (c) => {
    if (isDraining()) throw new Unavailable('this replica is stopping')
    const partitions = partitionsKeeping(retention.eventsMs)
    const { problem, warning } = await databaseState(db, partitions).catch((error: unknown) => {
      throw databaseAway(error)
    })
    if (problem !== null) throw new Unavailable(problem)
    return c.text(warning === null ? 'ready\n' : `ready\nwarning: ${warning}\n`)
  })
  const trusted = trustedProxies(dependencies.trustedProxies ?? [])
  const addressOf = (c: Context) => clientAddress(c, trusted)
  app.route('/', accessRoutes({ db, now, addressOf, providerLabel: provider?.settings.label ?? null }))
  if (provider !== null) app.route('/', providerRoutes({ db, now, addressOf, provider, log }))
  app.route(
    '/',
    tickRoute({ db, duties: dutiesKeeping(retention), replica, tickToken, onTick: () => keepCentre(db) }),
  )
  app.route(
    '/agent/v1',
    enrolmentRoute((c) => ({ db, centre, nowMs: now(), from: addressOf(c), log })),
  )
  app.route(
    '/agent/v1',
    exchangeRoute({ db, centre, now, log, committed: telemetry?.committed, ...exchange }),
  )
  app.get('/agent/v1/connect', (c) => {
    c.header('upgrade', 'websocket')
    return c.text('this is where agents connect, by WebSocket\n', 426)
  })
}

function mountApi(app: App, dependencies: AppDependencies): void {
  const { database, centre, reader, now, keepAliveMs = 15_000 } = dependencies
  const { rateLimits = RATE_LIMITS } = dependencies
  const { db } = database
  const trusted = trustedProxies(dependencies.trustedProxies ?? [])
  const addressOf = (c: Context) => clientAddress(c, trusted)
  applyRules(app, { db, now, rateLimits, trustedProxies: trusted })
  const slices = [
    siteRoutes(db, now),
    commandRoutes(db, now),
    agentRoutes(db, now),
    virtualRouterRoutes(db),
    failoverRoutes(db),
    availabilityRoutes(db, now),
    eventRoutes(db),
    enrolmentTokenRoutes(db, now),
    accountRoutes({ db, now, addressOf }),
    userRoutes(db, now),
    apiTokenRoutes(db, now),
    auditRoutes(db),
    centreKeyRoutes(centre, now),
    streamRoutes({ db, reader, now, keepAliveMs }),
  ]
  for (const slice of slices) app.route('/api/v1', slice)
  refuseTheRest(app)
}

function mountDocuments(app: App, dependencies: AppDependencies, answers: AnswerCounter): void {
  const { database, now } = dependencies
  describeCredentials(app)
  const signedIn = requireCaller(database.db, now)
  const document = () => apiDocument(app)
  app.get('/openapi.json', signedIn, (c) => c.json(document()))
  app.get(
    '/docs',
    (c, next) => (wantsPage(c) ? c.redirect('/sign-in', 303) : next()),
    signedIn,
    () => docsPage(document()),
  )
  app.get('/metrics', signedIn, requirePermission('system.read'), () =>
    metricsAnswer([...figuresOf(dependencies), answers.figure()], () =>
      fleetFigures({ db: database.db, replica: dependencies.replica, nowMs: now() }),
    ),
  )
  app.get('/pages.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8' }))
}

function describeCredentials({ openAPIRegistry }: App): void {
  openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' })
  const session = { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE } as const
  openAPIRegistry.registerComponent('securitySchemes', 'session', session)
}

/** A browser that nobody signed in: shown the way, not a problem document. */
function wantsPage(c: Context): boolean {
  return credentialOf(c) === null && (c.req.header('accept') ?? '').includes('text/html')
}

function figuresOf({ gatewayFigures, reader, telemetry }: AppDependencies): readonly Figure[] {
  return [
    ...Object.entries(gatewayFigures()).map(([name, value]) =>
      gauge(
        `aloft_gateway_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
        `Gateway: ${name}.`,
        value,
      ),
    ),
    gauge('aloft_stream_followers', 'Clients that follow the stream.', reader.followers()),
    gauge('aloft_feed_position', 'Last feed row handed to the stream.', reader.position()),
    ...(telemetry?.figures() ?? []),
    ...processFigures(),
  ]
}

function mountDashboard(app: App, { dashboard }: AppDependencies): void {
  app.get('*', (c) => {
    if (dashboard === null) return dashboardMissingPage()
    const answer = staticAnswer(dashboard, c.req.path, c.req.header('if-none-match') ?? null)
    if (answer === null) throw new NotFound(`there is nothing at ${c.req.path}`)
    return answer
  })
  app.notFound((c) => {
    throw new NotFound(`there is no ${c.req.method} ${c.req.path}`)
  })
}

import { type Command, InvalidArgumentError } from 'commander'
import type { DemoActionName } from '../demo/demo-actions.ts'
import { finish } from './outcome.ts'

interface ControlPlaneOptions {
  readonly port?: number
  readonly host?: string
  readonly dataDir?: string
  readonly databaseUrl?: string
  readonly unixSocket?: string
  readonly rateLimit?: string
  readonly trustedProxies?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly bus?: string
  readonly otlpEndpoint?: string
  readonly identityProvider?: string
  /** Commander's word for `--no-websockets`. */
  readonly websockets: boolean
}

/** From the environment alone: everybody on a host can read a command line. */
const SECRETS = `
Secrets, from the environment only:
  ALOFT_KEY_ENCRYPTION_KEY  seals the centre's signing key in the database; 32
                            characters at least, the same on every replica:
                            openssl rand -base64 32. Without it the key lies
                            there in the clear
  ALOFT_KEY_ENCRYPTION_KEY_BEFORE
                            the one before, while it is changed: what it sealed
                            is sealed anew at the start
  ALOFT_TICK_TOKEN          admits an outside scheduler at POST /internal/tick

How long history is kept, from the environment too:
  ALOFT_KEEP_EVENTS         all that agents observed (90d)
  ALOFT_KEEP_TRANSITIONS    changes of role and failovers (730d)
  ALOFT_KEEP_HOURS          availability by the hour (400d)
  ALOFT_KEEP_DAYS           availability by the day (1826d)
  ALOFT_KEEP_FEED           what a stream can be resumed from (7d)`

/** The centre, in this process; `control-plane/src/command.ts` says what it does. */
export function mountControlPlane(program: Command): void {
  program
    .command('control-plane')
    .description('run the centre: API, dashboard, history; with no database URL it brings its own PostgreSQL')
    .option('--port <port>', 'where to listen (default: ALOFT_PORT, or 8080)', port)
    .option('--host <address>', 'where to listen (default: ALOFT_HOST, or 127.0.0.1)')
    .option(
      '--data-dir <dir>',
      'database, keys and admin-token (default: ALOFT_DATA_DIR, or /var/lib/aloft/control-plane for root)',
    )
    .option('--database-url <url>', 'PostgreSQL to use instead of its own (default: DATABASE_URL)')
    .option('--unix-socket <path>', 'listen here too (default: ALOFT_UNIX_SOCKET)')
    .option(
      '--tls-cert <file>',
      'PEM certificate chain: speak https (default: ALOFT_TLS_CERT); SIGHUP or a change reads it again',
    )
    .option('--tls-key <file>', 'its PEM key (default: ALOFT_TLS_KEY)')
    .option(
      '--otlp-endpoint <url>',
      'OpenTelemetry collector (OTLP/HTTP) that is told of events and traces (default: ALOFT_OTLP_ENDPOINT; ALOFT_OTLP_HEADERS: NAME=VALUE,…)',
    )
    .option(
      '--bus <bus>',
      'how replicas wake each other: postgresql, or nats://HOST[:PORT][/SUBJECT] (default: ALOFT_BUS, or postgresql)',
    )
    .option(
      '--rate-limit <count>',
      'requests a second that one caller may send to this replica, 0 for any (default: ALOFT_RATE_LIMIT, or 200)',
    )
    .option(
      '--trusted-proxies <list>',
      'addresses and prefixes of balancers whose X-Forwarded-For is believed (default: ALOFT_TRUSTED_PROXIES)',
    )
    .option(
      '--identity-provider <file>',
      'let people sign in through OpenID Connect: a JSON file of settings (default: ALOFT_IDENTITY_PROVIDER)',
    )
    .option(
      '--no-websockets',
      'agents come by HTTP requests alone, as where nothing lives long (default: ALOFT_WEBSOCKETS=off)',
    )
    .addHelpText('after', SECRETS)
    .action(async ({ websockets: webSockets, ...options }: ControlPlaneOptions) => {
      const { runControlPlane } = await import('@aloft/control-plane/command')
      finish(await runControlPlane({ ...options, webSockets }))
    })
    .command('migrate')
    .description('bring a given database to the schema of this version, as a step of its own')
    .addHelpText('after', '\nThe database is that of --database-url or DATABASE_URL.')
    .action(async (_options: object, command: Command) => {
      const { databaseUrl, dataDir } = command.optsWithGlobals<ControlPlaneOptions>()
      const { runMigration } = await import('@aloft/control-plane/command')
      finish(await runMigration({ databaseUrl, dataDir }))
    })
}

const DEMO_ACTIONS: readonly (readonly [DemoActionName, string])[] = [
  ['fail', 'pull the cable of a node of the running demo'],
  ['restore', 'put it back'],
  ['partition', 'cut a node off at the switch; its link stays up'],
]

export function mountDemo(program: Command): void {
  const demo = program
    .command('demo')
    .description('a control plane and two sites of real agents on this machine; Ctrl-C leaves nothing behind')
    .option(
      '--port <port>',
      'where the dashboard listens (default: 8080, or the next one that is free)',
      port,
    )
    .action(async (options: { readonly port?: number }) => {
      const { runDemo } = await import('../demo/demo.ts')
      finish(await runDemo({ port: options.port ?? null }))
    })
  for (const [action, description] of DEMO_ACTIONS) {
    demo
      .command(action)
      .description(description)
      .argument('<site/node>', 'for example amsterdam/lb1')
      .action(async (node: string) => {
        const { demoAction } = await import('../demo/demo.ts')
        finish(await demoAction(action, node))
      })
  }
}

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (value <= 65_535) return value
  throw new InvalidArgumentError('Write a port, 0 to 65535.')
}

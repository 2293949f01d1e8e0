import { mkdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ensureAdminToken } from './access/admin-token.ts'
import { openDatabase } from './database/client.ts'
import { migrateDatabase } from './database/migrate.ts'
import { trustedProxies } from './http/client-address.ts'
import { rateLimitsOf } from './http/rate-limit.ts'
import { type ProviderSettings, readProviderSettings } from './identity-provider/settings.ts'
import { openLog } from './log-lines.ts'
import { retentionOf } from './retention/settings.ts'
import { type ControlPlane, startControlPlane } from './start.ts'
import { parseOtlpEndpoint, parseOtlpHeaders } from './telemetry/otlp.ts'
import type { OtlpTarget } from './telemetry/telemetry.ts'
import type { TlsFiles } from './tls-files.ts'

export interface ControlPlaneCommand {
  readonly port?: number | undefined
  readonly host?: string | undefined
  readonly dataDir?: string | undefined
  readonly databaseUrl?: string | undefined
  readonly unixSocket?: string | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly bus?: string | undefined
  /** Requests a second for one caller; 0 limits nobody. */
  readonly rateLimit?: string | undefined
  /** Addresses and prefixes, with commas between. */
  readonly trustedProxies?: string | undefined
  readonly otlpEndpoint?: string | undefined
  /** A file of settings; `identity-provider/settings.ts` says which. */
  readonly identityProvider?: string | undefined
  /** From the environment alone: a command line can be read by everybody on the host. */
  readonly tickToken?: string | undefined
  /** False: agents come by `POST /agent/v1/exchange` alone. */
  readonly webSockets?: boolean | undefined
  readonly keyEncryptionKey?: string | undefined
  readonly keyEncryptionKeyBefore?: string | undefined
  readonly otlpHeaders?: string | undefined
}

/** The same from `ALOFT_*` and `DATABASE_URL`. Throws on a port that is no number. */
export function commandFromEnvironment(env: NodeJS.ProcessEnv): ControlPlaneCommand {
  return {
    port: env['ALOFT_PORT'] === undefined ? undefined : parsePort(env['ALOFT_PORT'], 'ALOFT_PORT'),
    host: env['ALOFT_HOST'],
    dataDir: env['ALOFT_DATA_DIR'],
    databaseUrl: env['DATABASE_URL'],
    unixSocket: env['ALOFT_UNIX_SOCKET'],
    tlsCert: env['ALOFT_TLS_CERT'],
    tlsKey: env['ALOFT_TLS_KEY'],
    bus: env['ALOFT_BUS'],
    rateLimit: env['ALOFT_RATE_LIMIT'],
    trustedProxies: env['ALOFT_TRUSTED_PROXIES'],
    otlpEndpoint: env['ALOFT_OTLP_ENDPOINT'],
    otlpHeaders: env['ALOFT_OTLP_HEADERS'],
    identityProvider: env['ALOFT_IDENTITY_PROVIDER'],
    tickToken: env['ALOFT_TICK_TOKEN'],
    webSockets: env['ALOFT_WEBSOCKETS'] === 'off' ? false : undefined,
    keyEncryptionKey: env['ALOFT_KEY_ENCRYPTION_KEY'],
    keyEncryptionKeyBefore: env['ALOFT_KEY_ENCRYPTION_KEY_BEFORE'],
  }
}

export function parsePort(text: string, what: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new RangeError(`${what} must be a port, 0 to 65535, not "${text}"`)
}

/** Both or neither. Throws a RangeError, which is wrong usage. */
function tlsOf(certFile: string | undefined, keyFile: string | undefined): TlsFiles | null {
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile }
  if (certFile === undefined && keyFile === undefined) return null
  throw new RangeError(
    `--tls-${certFile === undefined ? 'key' : 'cert'} needs --tls-${certFile === undefined ? 'cert' : 'key'} too`,
  )
}

/** Throws a RangeError, which is wrong usage. */
function limitsOf(rateLimit: string | undefined, proxies: string | undefined) {
  if (rateLimit !== undefined && !/^\d{1,6}$/.test(rateLimit)) {
    throw new RangeError(
      `--rate-limit is requests a second for one caller, 0 for no limit, not "${rateLimit}"`,
    )
  }
  const list = (proxies ?? '').split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()]))
  // Read here too, so that a mistake is told before anything is started.
  trustedProxies(list)
  return {
    trustedProxies: list,
    ...(rateLimit === undefined ? {} : { rateLimits: rateLimitsOf(Number(rateLimit)) }),
  }
}

/** Where the data lie unless said otherwise: as root the place of services, else the account's own. */
function defaultDataDir(): string {
  if (process.getuid?.() === 0) return '/var/lib/aloft/control-plane'
  return path.join(os.homedir(), '.local', 'share', 'aloft', 'control-plane')
}

/**
 * `aloft control-plane`: runs until SIGTERM or SIGINT and returns the exit code. What is given wins over the
 * environment. Lines for people go to stdout, the log to stderr.
 */
export async function runControlPlane(given: ControlPlaneCommand): Promise<number> {
  const say = (line: string): void => console.log(line)
  const log = openLog(process.stderr)
  const signal = firstSignal()
  let running: ControlPlane
  try {
    const env = commandFromEnvironment(process.env)
    running = await startControlPlane({
      port: given.port ?? env.port ?? 8080,
      host: given.host ?? env.host ?? '127.0.0.1',
      dataDir: path.resolve(given.dataDir ?? env.dataDir ?? defaultDataDir()),
      databaseUrl: given.databaseUrl ?? env.databaseUrl ?? null,
      unixSocket: given.unixSocket ?? env.unixSocket ?? null,
      tls: tlsOf(given.tlsCert ?? env.tlsCert, given.tlsKey ?? env.tlsKey),
      bus: busOf(given.bus ?? env.bus),
      ...limitsOf(given.rateLimit ?? env.rateLimit, given.trustedProxies ?? env.trustedProxies),
      otlp: otlpOf(given.otlpEndpoint ?? env.otlpEndpoint, env.otlpHeaders),
      identityProvider: providerOf(given.identityProvider ?? env.identityProvider),
      tickToken: env.tickToken ?? null,
      ...parseSecrets(env.keyEncryptionKey, env.keyEncryptionKeyBefore),
      webSockets: given.webSockets !== false && env.webSockets !== false,
      retention: retentionOf(process.env),
      log,
      progress: say,
    })
  } catch (error) {
    console.error(`aloft: ${error instanceof Error ? error.message : String(error)}`)
    return error instanceof RangeError ? 2 : 1
  }
  // Without files to read again, SIGHUP keeps its meaning: the terminal is gone.
  if (running.reload !== null) process.on('SIGHUP', running.reload)
  say(`Aloft control plane: ${running.url}`)
  say(`Admin API token: ${running.adminTokenFile}`)
  say(`Sign in (once, within 10 minutes): ${await running.signInLink()}`)
  log.info({}, `stopping on ${await signal}`)
  await running.stop()
  return 0
}

/**
 * `aloft control-plane migrate`: brings a given database to this version's schema, and with a data directory makes the
 * first administrator's token there, for deployments where nothing else starts with one. Returns the exit code.
 */
export async function runMigration(given: {
  readonly databaseUrl?: string | undefined
  readonly dataDir?: string | undefined
}): Promise<number> {
  const url = given.databaseUrl ?? process.env['DATABASE_URL']
  if (url === undefined) {
    console.error(
      'aloft: give --database-url or DATABASE_URL; a control plane with its own PostgreSQL migrates it itself',
    )
    return 2
  }
  try {
    const outcome = await migrateDatabase({ url })
    console.log(outcome === 'current' ? 'The schema is up to date.' : 'The schema was brought up to date.')
    if (given.dataDir !== undefined) {
      mkdirSync(given.dataDir, { recursive: true, mode: 0o700 })
      const database = openDatabase({ url }, 1)
      const file = await ensureAdminToken(database.db, path.resolve(given.dataDir), Date.now())
      await database.close()
      console.log(`Admin API token: ${file}`)
    }
    return 0
  } catch (error) {
    console.error(`aloft: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  }
}

export interface KeyEncryptionKeys {
  readonly keyEncryptionKey: string | null
  readonly keyEncryptionKeyBefore: string | null
}

/** `ALOFT_KEY_ENCRYPTION_KEY`, and the one before it while it is being changed. Throws a RangeError, which is wrong usage. */
export function parseSecrets(key: string | undefined, before: string | undefined): KeyEncryptionKeys {
  const [keyEncryptionKey, keyEncryptionKeyBefore] = [
    parseSecret(key, 'ALOFT_KEY_ENCRYPTION_KEY'),
    parseSecret(before, 'ALOFT_KEY_ENCRYPTION_KEY_BEFORE'),
  ]
  if (keyEncryptionKey === null && keyEncryptionKeyBefore !== null)
    throw new RangeError('ALOFT_KEY_ENCRYPTION_KEY_BEFORE needs the new one, ALOFT_KEY_ENCRYPTION_KEY, too')
  return { keyEncryptionKey, keyEncryptionKeyBefore }
}

/** Any text of some length: 32 random bytes in base64 have 44 characters. */
function parseSecret(text: string | undefined, name: string): string | null {
  if (text === undefined || text === '') return null
  if (text.length >= 32) return text
  throw new RangeError(`${name} must have 32 characters at least: \`openssl rand -base64 32\` makes one`)
}

function otlpOf(endpoint: string | undefined, headers = ''): OtlpTarget | null {
  if (endpoint === undefined || endpoint === '') return null
  return { endpoint: parseOtlpEndpoint(endpoint), headers: parseOtlpHeaders(headers) }
}

/** Throws a RangeError, which is wrong usage, before anything is started. */
function providerOf(file: string | undefined): ProviderSettings | null {
  return file === undefined || file === '' ? null : readProviderSettings(file)
}

function busOf(text: string | undefined): string | null {
  return text === undefined || text === '' || text === 'postgresql' ? null : text
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, PostgreSQL is met again next time. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let signals = 0
    const on = (signal: NodeJS.Signals): void => {
      signals += 1
      if (signals > 1) process.exit(1)
      resolve(signal)
    }
    process.on('SIGTERM', on)
    process.on('SIGINT', on)
  })
}

/** `aloft agent`: the checks before anything starts, the signals, and the exit code. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { EventBody } from '@aloft/shared/protocol/events'
import { acquireLock, lockHolder } from '../router/process-lock.ts'
import { loadRunningConfig, type RunningConfig } from '../router/running-config.ts'
import { prepareStateDirectory, type StatePaths, statePaths } from '../router/state-directory.ts'
import type { TransportRule } from '../session/ways.ts'
import { missingCapabilities, missingCapabilitiesText } from '../steward/capabilities.ts'
import { type ConfigFile, readConfigFile } from '../steward/config-file.ts'
import { parseListenAddress, serveMetrics } from '../steward/metrics-server.ts'
import { openReporting } from '../steward/reporting.ts'
import { runRouterInForeground } from '../steward/router-command.ts'
import { ourServiceManager, type ServiceManager } from '../steward/service-manager.ts'
import { StewardProcess } from '../steward/steward-process.ts'
import { defaultStateDir } from './default-state-dir.ts'
import { describeBody } from './describe-event.ts'

export interface AgentOptions {
  readonly config: string
  readonly stateDir?: string
  /** One URL or several of one centre, by commas. */
  readonly controlPlane?: string
  readonly controlPlaneTransport?: TransportRule
  readonly enrolmentToken?: string
  /** `HOST:PORT` to answer /metrics, /healthz and /readyz on; nowhere when left out. */
  readonly metricsListen?: string
  /** One process of the two, for a supervisor that runs each as a unit of its own. */
  readonly only?: 'router' | 'steward'
}

/** Set by `aloft demo` for its agents; the router process reads it (agent/src/router/which-world.ts). */
const SIMULATED_LAN_VARIABLE = 'ALOFT_SIMULATED_LAN'
/** Carries the token to a steward that the router starts again, out of sight of `ps`. */
const TOKEN_VARIABLE = 'ALOFT_ENROLMENT_TOKEN'

/** Runs the agent until it is told to stop. Resolves with the exit code; what is wrong is on stderr. */
export async function runAgent(options: AgentOptions): Promise<number> {
  const paths = statePaths(options.stateDir ?? defaultStateDir())
  try {
    prepareStateDirectory(paths)
    if (options.only === 'router') return await runRouterInForeground(paths.directory)
    return await runSteward(options, paths)
  } catch (error) {
    log(error instanceof Error ? error.message : String(error))
    return 1
  }
}

async function runSteward(options: AgentOptions, paths: StatePaths): Promise<number> {
  const configFile = path.resolve(options.config)
  const initial = chooseConfig(readConfigFile(configFile), paths)
  if (initial === null) return 1
  const startsRouter = options.only !== 'steward'
  const isSimulated = Boolean(process.env[SIMULATED_LAN_VARIABLE])
  const missing = missingCapabilities(readFileSync('/proc/self/status', 'utf8'))
  if (startsRouter && !isSimulated && missing.length > 0) {
    log(missingCapabilitiesText(missing))
    return 1
  }
  const lock = acquireLock({ lock: paths.stewardLock, pid: paths.stewardPid })
  if (!lock.held) {
    log(
      `state directory ${paths.directory} is in use by another agent (pid ${lock.byPid}); ` +
        'stop that one, or give this one a --state-dir of its own',
    )
    return 1
  }
  if (startsRouter && !isSimulated) warnOfMissingInterfaces(initial.initial)
  const enrolmentToken = options.enrolmentToken ?? process.env[TOKEN_VARIABLE]
  if (enrolmentToken) process.env[TOKEN_VARIABLE] = enrolmentToken
  const service = ourServiceManager(log)
  const steward = new StewardProcess({
    ...initial,
    paths,
    configFile,
    stewardCommand: restartCommand(options, configFile, paths),
    startsRouter,
    startReporting: (start) =>
      openReporting({
        ...start,
        stateDir: paths.directory,
        controlPlane: options.controlPlane ?? null,
        transport: options.controlPlaneTransport ?? 'auto',
        enrolmentToken: enrolmentToken ?? null,
        log,
        told: logObservation,
      }),
    routerRuns: () => service.ready(),
    log,
  })
  const stopped = whenStopped(steward, service)
  await steward.start()
  const metrics = await openMetrics(options.metricsListen, steward)
  const isClean = await stopped
  metrics?.close()
  lock.release()
  if (!isClean) log('the router did not stop in time and was killed; its addresses may still be on this host')
  return isClean ? 0 : 1
}

/**
 * A config that is wrong refuses a start. But a router that already runs on an earlier one is not left alone for it:
 * its steward comes up with that one and says so.
 */
function chooseConfig(
  read: ConfigFile,
  paths: StatePaths,
): { readonly initial: RunningConfig; readonly refused: string | null } | null {
  if (read.usable) {
    for (const warning of read.warnings) log(warning)
    return { initial: read.running, refused: null }
  }
  for (const error of read.errors) log(error)
  const running = lockHolder(paths.routerLock) === null ? null : loadRunningConfig(paths.runningConfig)
  if (running === null) return null
  log(`the router that is running keeps revision ${running.revision}`)
  return { initial: running, refused: read.summary }
}

/** Absolute paths only: the router starts it from wherever it was started itself. */
function restartCommand(options: AgentOptions, configFile: string, paths: StatePaths): readonly string[] {
  const program = [process.execPath, ...process.execArgv, path.resolve(process.argv[1] ?? '')]
  const fixed = ['agent', '--config', configFile, '--state-dir', paths.directory]
  const uplink = options.controlPlane ? ['--control-plane', options.controlPlane] : []
  const metrics = options.metricsListen ? ['--metrics-listen', options.metricsListen] : []
  const transport = options.controlPlaneTransport
    ? ['--control-plane-transport', options.controlPlaneTransport]
    : []
  return [...program, ...fixed, ...uplink, ...transport, ...metrics]
}

/** A port that is taken costs the figures, never the election. */
async function openMetrics(
  listen: string | undefined,
  steward: StewardProcess,
): Promise<{ close(): void } | null> {
  const address = listen === undefined ? null : parseListenAddress(listen)
  if (address === null) return null
  try {
    const server = await serveMetrics(address, () => steward.status())
    log(`metrics at http://${listen?.replace(/:0$/, `:${server.port}`)}/metrics`)
    return server
  } catch (error) {
    log(
      `no metrics: ${error instanceof Error ? error.message : String(error)}; free it or choose another --metrics-listen`,
    )
    return null
  }
}

function whenStopped(steward: StewardProcess, service: ServiceManager): Promise<boolean> {
  process.on('SIGHUP', () => steward.reload())
  return new Promise((resolve, reject) => {
    let isStopping = false
    const stop = () => {
      if (isStopping) {
        steward.hurry()
        return
      }
      isStopping = true
      service.stopping()
      steward.stop().then(resolve, reject)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}

/** What happened on the LAN, for the log of this host. Processes and configs have told of themselves already. */
function logObservation(body: EventBody): void {
  if (body.kind !== 'process' && body.kind !== 'config') log(describeBody(body))
}

/** A router on an interface that does not exist is configured right, perhaps; its operator should know all the same. */
function warnOfMissingInterfaces({ config }: RunningConfig): void {
  for (const name of new Set(config.virtualRouters.map((router) => router.interface))) {
    if (existsSync(`/sys/class/net/${name}`)) continue
    const waiting = config.virtualRouters.filter((router) => router.interface === name)
    const names = waiting.map((router) => router.name).join(', ')
    log(`warning: there is no interface ${name}; until it appears, these are in fault: ${names}`)
  }
}

function log(text: string): void {
  process.stderr.write(`aloft agent: ${text}\n`)
}

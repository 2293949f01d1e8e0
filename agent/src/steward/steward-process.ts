/**
 * The steward process: reads the config file, keeps a router running with it, and hands what both observe to the
 * spool and the control plane. Its death changes nothing on the LAN.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventBody } from '@aloft/shared/protocol/events'
import { bootId, monotonicMs } from '../router/boot-identity.ts'
import { JournalWriter } from '../router/journal-writer.ts'
import { lockHolder } from '../router/process-lock.ts'
import type { RunningConfig } from '../router/running-config.ts'
import type { StatePaths } from '../router/state-directory.ts'
import { type ConfigFile, readConfigFile } from './config-file.ts'
import { runHook } from './notify/hook.ts'
import type { Reporting, ReportingStart } from './reporting-contract.ts'
import { startRouter } from './router-command.ts'
import { RouterKeeper } from './router-keeper.ts'
import type { AgentStatus } from './status-contract.ts'
import { serveStatus } from './status-server.ts'
import { TrackerKeeper } from './trackers/tracker-keeper.ts'

export interface StewardOptions {
  readonly paths: StatePaths
  readonly configFile: string
  /** Usable, or what ran before when the file is refused but a router is running. */
  readonly initial: RunningConfig
  readonly refused: string | null
  /** How the router starts a killed steward again. */
  readonly stewardCommand: readonly string[]
  /** False: a router is run by somebody else (`--only steward`). */
  readonly startsRouter: boolean
  readonly startReporting: (start: ReportingStart) => Promise<Reporting>
  /** A router runs what it was asked to; told again with every such answer. */
  readonly routerRuns: () => void
  readonly log: (text: string) => void
}

const REPORTING_RETRY_MS = 10_000

export class StewardProcess {
  readonly runId = randomBytes(6).toString('hex')
  readonly #options: StewardOptions
  readonly #startedWallMs = Date.now()
  readonly #journal: JournalWriter
  readonly #router: RouterKeeper
  readonly #trackers: TrackerKeeper
  #wanted: RunningConfig
  #refused: string | null
  #reporting: Reporting | null = null
  #reportingOpened: Promise<void> | null = null
  readonly #stopping = new AbortController()
  #statusServer: { close(): void } | null = null
  #retry: NodeJS.Timeout | null = null

  constructor(options: StewardOptions) {
    const { paths, log } = options
    this.#options = options
    this.#wanted = options.initial
    this.#refused = options.refused
    this.#journal = new JournalWriter({
      directory: paths.journal,
      runId: this.runId,
      bootId: bootId(),
      wallMs: Date.now,
      monoMs: monotonicMs,
      onWritten: () => this.#reporting?.journalGrew(),
      onError: (error) => log(`observations wait in memory: ${error}`),
    })
    this.#trackers = new TrackerKeeper({
      stateDirectory: paths.directory,
      send: (verdicts) => this.#router.tell(verdicts),
      observe: (body) => this.#observe(body),
      log,
      now: monotonicMs,
    })
    this.#router = this.#keepRouter()
  }

  /** Rejects when the status socket cannot be opened; nothing has been started then. */
  async start(): Promise<void> {
    this.#statusServer = await serveStatus(this.#options.paths.stewardSocket, () => this.status())
    this.#observeProcess('started', `pid ${process.pid}`)
    if (this.#refused) this.#observeRefusal(this.#refused)
    await this.#runHook('startup')
    this.#trackers.configure(this.#wanted.config)
    this.#router.configure(this.#wanted)
    // The election waits for nothing, least of all for a spool on a slow disk.
    this.#router.start()
    this.#reportingOpened = this.#openReporting()
    this.#retry = setInterval(() => {
      const { waiting, lost } = this.#journal.condition
      if (waiting + lost > 0) this.#journal.flush()
    }, 1_000)
  }

  /** Takes the config file as it is now, or keeps what runs and says why. */
  reload(): void {
    const { configFile, log } = this.#options
    const read: ConfigFile = readConfigFile(configFile)
    if (!read.usable) {
      for (const error of read.errors) log(error)
      log(`${configFile} is refused; revision ${this.#wanted.revision} keeps running`)
      this.#refused = read.summary
      this.#observeRefusal(read.summary)
      return
    }
    for (const warning of read.warnings) log(warning)
    const isSame = read.running.revision === this.#wanted.revision
    log(isSame ? `${configFile} is unchanged` : `${configFile} is now revision ${read.running.revision}`)
    this.#refused = null
    this.#wanted = read.running
    // Before the router: what it removes because of this is told of as removed.
    this.#reporting?.configured(read.running.config)
    this.#router.configure(read.running)
    this.#trackers.configure(read.running.config)
  }

  /** It is stopping, and has been told so again. */
  hurry(): void {
    if (this.#options.startsRouter) this.#router.hurry()
  }

  /** Stops the router, then itself; what was observed is in the spool afterwards. False: the router had to be killed. */
  async stop(): Promise<boolean> {
    this.#trackers.stop()
    const isClean = this.#options.startsRouter ? await this.#router.stop() : await this.#router.leave()
    await this.#runHook('shutdown')
    this.#observeProcess('stopped', null)
    this.#statusServer?.close()
    if (this.#retry) clearInterval(this.#retry)
    this.#stopping.abort()
    await this.#reportingOpened
    await this.#reporting?.stop()
    this.#trackers.end()
    this.#journal.close()
    return isClean
  }

  async status(): Promise<AgentStatus> {
    const { configFile: file } = this.#options
    const told = this.#reporting?.status() ?? { uplink: null, spool: null, notifications: null }
    return {
      agent: {
        node: this.#wanted.config.node,
        pid: process.pid,
        runId: this.runId,
        startedWallMs: this.#startedWallMs,
        config: { file, revision: this.#wanted.revision, refused: this.#refused },
      },
      router: await this.#router.status(),
      trackers: this.#trackers.status(),
      ...told,
    }
  }

  /** Of an agent's life: a steward that joins a router that runs already begins none, and one that leaves it ends none. */
  async #runHook(when: 'startup' | 'shutdown'): Promise<void> {
    const { startsRouter, paths, log } = this.#options
    if (!startsRouter || lockHolder(paths.routerLock) !== null) return
    const problem = await runHook(when, this.#wanted.config.notifications)
    if (problem !== null) log(problem)
  }

  /** A spool that cannot be opened is tried again: what is observed waits in the journal, and the router does not. */
  async #openReporting(): Promise<void> {
    const { startReporting, log } = this.#options
    const router = { isConnected: () => this.#router.isConnected, status: () => this.#router.status() }
    while (!this.#stopping.signal.aborted) {
      try {
        const { config } = this.#wanted
        const observe = (body: EventBody) => this.#observe(body)
        this.#reporting = await startReporting({
          runId: this.runId,
          node: config.node,
          config,
          observe,
          router,
        })
        if (this.#wanted.config !== config) this.#reporting.configured(this.#wanted.config)
        return
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        log(`reporting could not start, and is tried again in ${REPORTING_RETRY_MS / 1_000} s: ${why}`)
        await sleep(REPORTING_RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {})
      }
    }
  }

  #keepRouter(): RouterKeeper {
    const { paths, stewardCommand, startsRouter, routerRuns, log } = this.#options
    const stateDir = paths.directory
    return new RouterKeeper({
      paths,
      steward: { runId: this.runId, pid: process.pid },
      start: startsRouter ? () => startRouter({ stateDir, stewardCommand }) : null,
      events: {
        connected: ({ pid, runId, verdicts }) => {
          log(`router ${runId} runs with pid ${pid}`)
          this.#trackers.connected(verdicts)
        },
        gone: ({ runId, clean, detail }) => {
          log(`router ${runId} ${clean ? 'stopped' : `was lost${detail ? `: ${detail}` : ''}`}`)
          // A router that stopped cleanly has said so in its own journal.
          if (!clean) this.#observe({ kind: 'process', process: 'router', what: 'lost', runId, detail })
        },
        configured: (revision) => {
          log(`router runs revision ${revision}`)
          routerRuns()
        },
        refused: (error) => log(`router: ${error}`),
        journalGrew: () => this.#reporting?.journalGrew(),
      },
    })
  }

  #observe(body: EventBody): void {
    this.#journal.append(body, monotonicMs())
  }

  #observeProcess(what: 'started' | 'stopped', detail: string | null): void {
    this.#observe({ kind: 'process', process: 'steward', what, runId: this.runId, detail })
  }

  #observeRefusal(detail: string): void {
    this.#observe({ kind: 'config', revision: this.#wanted.revision, outcome: 'refused', detail })
  }
}

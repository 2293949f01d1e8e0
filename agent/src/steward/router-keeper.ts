/** Keeps one router process running, configured and listened to, whoever started it. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RouterMessage, RouterStatus } from '../router/contract.ts'
import type { Farewell } from '../router/loop/bfd-status.ts'
import { lockHolder } from '../router/process-lock.ts'
import { SPIN_LIMIT_MS } from '../router/realtime.ts'
import { afterDeath, FRESH_THROTTLE, type RespawnThrottle } from '../router/respawn-throttle.ts'
import type { RunningConfig } from '../router/running-config.ts'
import type { StatePaths } from '../router/state-directory.ts'
import type { Verdict } from '../tracking/verdict.ts'
import { sayFarewells } from './farewells.ts'
import { connectToRouter, type RouterConnection } from './router-link.ts'

export interface RouterKeeperOptions {
  readonly paths: StatePaths
  /** This steward, as it introduces itself to the router. */
  readonly steward: { readonly runId: string; readonly pid: number }
  /** Starts a router process; null: somebody else does (`--only steward`). */
  readonly start: (() => ChildProcess) | null
  readonly events: RouterKeeperEvents
}

export interface RouterHello {
  readonly runId: string
  readonly pid: number
  readonly verdicts: readonly Verdict[]
}

export interface RouterKeeperEvents {
  /** `verdicts`: what it goes by until it is told otherwise. */
  connected(router: RouterHello): void
  /** `clean`: it said goodbye; otherwise it was killed or crashed. */
  gone(router: { readonly runId: string; readonly clean: boolean; readonly detail: string | null }): void
  /** Told too when a router that connects runs what is wanted already. */
  configured(revision: string): void
  refused(error: string): void
  journalGrew(): void
}

interface Conversation {
  router: { readonly runId: string; readonly pid: number } | null
  isClean: boolean
  farewells: readonly Farewell[]
}

const POLL_MS = 10
const STOP_WITHIN_MS = 10_000
/** From its socket closing to its exit: the kernel tears a process down in that order. */
const CHILD_END_WITHIN_MS = 200

export class RouterKeeper {
  readonly #options: RouterKeeperOptions
  readonly #stopping = new AbortController()
  #wanted: RunningConfig | null = null
  #connection: RouterConnection | null = null
  #child: ChildProcess | null = null
  #throttle: RespawnThrottle = FRESH_THROTTLE
  #running: Promise<void> | null = null

  constructor(options: RouterKeeperOptions) {
    this.#options = options
  }

  get isConnected(): boolean {
    return this.#connection !== null
  }

  /** Null: no router is running or it does not answer. */
  async status(): Promise<RouterStatus | null> {
    return (await this.#connection?.status()) ?? null
  }

  /** Run this from now on; sent at once, and to every router that connects with another revision. */
  configure(wanted: RunningConfig): void {
    this.#wanted = wanted
    this.#connection?.send({ kind: 'configure', ...wanted })
  }

  /** What the trackers come to; lost while no router is there, which is told when it comes. */
  tell(verdicts: readonly Verdict[]): void {
    this.#connection?.send({ kind: 'verdicts', verdicts })
  }

  start(): void {
    this.#running = this.#run()
  }

  /** The router that is stopping waits for no successor. */
  hurry(): void {
    this.#connection?.send({ kind: 'shutdown', now: true })
  }

  /** Stops the router cleanly. False: it did not stop in time and was killed, so its addresses may still be there. */
  async stop(): Promise<boolean> {
    this.#stopping.abort()
    this.#connection?.send({ kind: 'shutdown' })
    const { routerLock } = this.#options.paths
    // A router that is starting, ours or somebody else's, takes a signal for the same.
    if (this.#connection === null) {
      if (this.#child?.exitCode === null) this.#child.kill('SIGTERM')
      else signal(lockHolder(routerLock), 'SIGTERM')
    }
    for (let waitedMs = 0; lockHolder(routerLock) !== null; waitedMs += POLL_MS) {
      if (waitedMs > STOP_WITHIN_MS) {
        signal(lockHolder(routerLock), 'SIGKILL')
        return false
      }
      await sleep(POLL_MS)
    }
    await this.#running
    return true
  }

  /** Lets the router go on without us. */
  async leave(): Promise<true> {
    this.#stopping.abort()
    this.#connection?.send({ kind: 'goodbye' })
    this.#connection?.close()
    await this.#running
    return true
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const connection = await this.#attach()
      if (connection === null) continue
      const connectedAtMs = performance.now()
      // Whoever says goodbye has been replaced, or was told to stop: no sign of a crash loop.
      const isClean = await this.#converse(connection)
      if (!isClean) await this.#pauseAfterDeath(performance.now() - connectedAtMs)
    }
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  /** Connects, starting a router if none is there. Null: nothing to connect to yet, or we are stopping. */
  async #attach(): Promise<RouterConnection | null> {
    const { paths, start } = this.#options
    while (!this.#isStopping) {
      const connection = await connectToRouter(paths.routerSocket)
      if (connection) return connection
      const isComing = this.#child?.exitCode === null && this.#child.signalCode === null
      // Whoever holds the lock is a router that is about to listen, or about to be gone.
      if (!isComing && start && lockHolder(paths.routerLock) === null) {
        if (this.#child) await this.#pauseAfterDeath(0)
        if (this.#isStopping) return null
        this.#child = start()
      }
      await this.#pause(POLL_MS)
    }
    return null
  }

  /** Until the router is gone; whether it said so. */
  async #converse(connection: RouterConnection): Promise<boolean> {
    const { events, steward } = this.#options
    const heard: Conversation = { router: null, isClean: false, farewells: [] }
    const receive = (message: RouterMessage) => {
      if (message.kind === 'hello') {
        heard.router = { runId: message.runId, pid: message.pid }
        const wanted = this.#wanted
        events.connected({ ...heard.router, verdicts: message.verdicts })
        if (wanted && wanted.revision !== message.revision) connection.send({ kind: 'configure', ...wanted })
        else if (wanted) events.configured(wanted.revision)
      } else if (message.kind === 'goodbye') heard.isClean = true
      else if (message.kind === 'farewells') heard.farewells = message.farewells
      else if (message.kind === 'configured') events.configured(message.revision)
      else if (message.kind === 'refused') events.refused(message.error)
      else if (message.kind === 'journal') events.journalGrew()
    }
    connection.send({ kind: 'hello', ...steward })
    this.#connection = connection
    connection.listen(receive)
    if (this.#isStopping && this.#options.start) connection.send({ kind: 'shutdown' })
    await connection.closed
    this.#connection = null
    if (!heard.isClean && !this.#isStopping) sayFarewells(heard.farewells)
    const detail = await this.#endOfChild()
    if (heard.router) events.gone({ runId: heard.router.runId, clean: heard.isClean, detail })
    return heard.isClean
  }

  /** How our child ended, once it has; null when the router was not our child or its end is not known in time. */
  async #endOfChild(): Promise<string | null> {
    const child = this.#child
    this.#child = null
    if (!child) return null
    const isRunning = child.exitCode === null && child.signalCode === null
    if (isRunning) await Promise.race([once(child, 'exit'), sleep(CHILD_END_WITHIN_MS)])
    if (child.signalCode) return `killed by ${child.signalCode}${meaningOf(child.signalCode)}`
    return child.exitCode === null ? null : `exited with code ${child.exitCode}`
  }

  async #pauseAfterDeath(livedMs: number): Promise<void> {
    const [throttle, delayMs] = afterDeath(this.#throttle, livedMs)
    this.#throttle = throttle
    if (delayMs > 0) await this.#pause(delayMs)
  }

  async #pause(durationMs: number): Promise<void> {
    await sleep(durationMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
  }
}

/** What a person cannot know from the signal's name. */
function meaningOf(signalName: NodeJS.Signals): string {
  if (signalName !== 'SIGXCPU') return ''
  const limit = `${SPIN_LIMIT_MS / 1_000} s`
  return `: it ran in real time for ${limit} without a pause and was ended so that the host goes on; report it as a bug`
}

function signal(pid: number | null, name: NodeJS.Signals): void {
  if (pid === null) return
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself in the meantime.
  }
}

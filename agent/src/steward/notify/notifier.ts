/** Everything this host tells people, scripts and pipes: a follower of the spool for each way of telling. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentConfig } from '@aloft/shared/config/agent-config'
import type { FifoSettings, NotifySettings } from '@aloft/shared/config/notify-config'
import type { EventBody } from '@aloft/shared/protocol/events'
import { findAccount } from '../../node/accounts.ts'
import type { Spool } from '../../node/spool.ts'
import { readJson, replaceFile } from '../../router/atomic-file.ts'
import type { NotificationStatus } from '../status-contract.ts'
import { mail } from './email.ts'
import { Fifo } from './fifo.ts'
import { FifoConsumer } from './fifo-consumer.ts'
import { type Errand, Follower } from './follower.ts'
import { RunningScripts } from './running-scripts.ts'
import { scriptErrands } from './script-errands.ts'
import { fifoLine, type Known, type Told } from './told.ts'

export interface NotifierOptions {
  /** `STATE/notify`. */
  readonly directory: string
  readonly spool: Pick<Spool, 'condition' | 'read'>
  readonly config: AgentConfig
  readonly observe: (body: EventBody) => void
  readonly log: (text: string) => void
}

type Channel = 'scripts' | 'fifo' | 'vrrpFifo' | 'email'
type FifoChannel = 'fifo' | 'vrrpFifo'

/** A pipe or mailbox this far behind gives up its oldest. */
const WAITING_MAX = 10_000
/** What a stopping agent gives those who are being told now. */
const STOP_MS = 3_000
/** And the readers of pipes, to read what is in them. */
const READ_OUT_MS = 500
const REOPEN_MS = 1_000

interface Pipe {
  readonly settings: FifoSettings
  readonly fifo: Fifo
  readonly consumer: FifoConsumer | null
}

export class Notifier {
  readonly #options: NotifierOptions
  readonly #followers = new Map<Channel, Follower>()
  readonly #pipes = new Map<FifoChannel, Pipe>()
  /** By `INSTANCE name` and `GROUP name`; of those that were removed too, which are told of once more. */
  readonly #settings = new Map<string, NotifySettings>()
  readonly #givenUp = new Map<Channel, number>()
  readonly #failedPipes = new Set<FifoChannel>()
  readonly #running: RunningScripts
  #isMailFailing = false
  #config: AgentConfig

  private constructor(options: NotifierOptions) {
    this.#options = options
    this.#config = options.config
    this.#running = new RunningScripts(path.join(options.directory, 'running'))
  }

  static async open(options: NotifierOptions): Promise<Notifier> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    const notifier = new Notifier(options)
    notifier.#rememberSettings()
    notifier.#openPipes()
    for (const channel of ['scripts', 'fifo', 'vrrpFifo', 'email'] as const)
      notifier.#followers.set(channel, await notifier.#follow(channel))
    return notifier
  }

  /** The config that runs from now on. */
  configure(config: AgentConfig): void {
    this.#config = config
    this.#rememberSettings()
    this.#openPipes()
  }

  /** There is something new in the spool. */
  grew(): void {
    for (const follower of this.#followers.values()) follower.grew()
  }

  /** Events that each way of telling has not told yet. */
  status(): NotificationStatus {
    const behind = (channel: Channel) => this.#followers.get(channel)?.behind ?? 0
    return {
      scripts: behind('scripts'),
      fifo: behind('fifo'),
      vrrpFifo: behind('vrrpFifo'),
      email: behind('email'),
    }
  }

  /** Finishes what can be finished soon. The rest is told by the next steward. */
  async stop(): Promise<void> {
    this.grew()
    const until = performance.now() + STOP_MS
    while (this.#isTelling() && performance.now() < until) await sleep(10)
    await Promise.all([...this.#followers.values()].map((follower) => follower.stop()))
    for (const { fifo } of this.#pipes.values()) fifo.close()
    const readUntil = performance.now() + READ_OUT_MS
    const isRead = () => [...this.#pipes.values()].every(({ consumer }) => !consumer?.isRunning)
    while (!isRead() && performance.now() < readUntil) await sleep(10)
    for (const channel of [...this.#pipes.keys()]) this.#closePipe(channel)
  }

  /** A pipe that nobody reads, or a mailbox that does not answer, is not worth waiting for. */
  #isTelling(): boolean {
    const isBusy = (channel: Channel) => (this.#followers.get(channel)?.behind ?? 0) > 0
    const isMailing = this.#config.notifications.email !== null && !this.#isMailFailing
    return isBusy('scripts') || (isMailing && isBusy('email'))
  }

  #follow(channel: Channel): Promise<Follower> {
    const { directory, spool, log } = this.#options
    return Follower.open({
      file: path.join(directory, `${channel}.json`),
      spool,
      known: () => this.#known(),
      errands: (told, id) => this.#errands(channel, told, id),
      lost: (count) => {
        if (this.#isUsed(channel))
          this.#fail(this.#describe(channel), null, 'the spool no longer has them', count)
      },
      log,
    })
  }

  #known(): Known {
    const { virtualRouters, syncGroups } = this.#config
    return {
      groups: syncGroups,
      isConfigured: (name) => virtualRouters.some((router) => router.name === name),
      hearsDeleted: (name) => this.#settings.get(`INSTANCE ${name}`)?.scripts.deleted !== undefined,
    }
  }

  #errands(channel: Channel, told: readonly Told[], id: string): readonly Errand[] {
    if (channel === 'scripts') {
      return scriptErrands(told, id, {
        settingsOf: (each) => this.#settingsOf(each),
        account: () => this.#config.notifications,
        running: this.#running,
        failed: ({ channel: script, about, detail }) => this.#fail(script, about, detail),
      })
    }
    if (channel === 'email') return this.#mailErrands(told, id)
    return this.#fifoErrands(channel, told)
  }

  #mailErrands(told: readonly Told[], id: string): readonly Errand[] {
    const wanted = told.filter((each) => isMailed(each) && this.#settingsOf(each)?.email !== false)
    if (this.#config.notifications.email === null || wanted.length === 0) return []
    const run = async (signal: AbortSignal) => {
      for (const each of wanted) {
        const { email: settings } = this.#config.notifications
        if (settings === null) return
        const isGivenUp = () => this.#isTooFarBehind('email')
        const about = aboutOf(each)
        const failed = (detail: string) => {
          this.#isMailFailing = true
          this.#fail(`email ${settings.server}`, about, detail)
        }
        await mail({ settings, node: this.#config.node, told: each, id, isGivenUp, failed }, signal)
        this.#isMailFailing = false
      }
    }
    return [{ lane: 'email', run }]
  }

  #fifoErrands(channel: FifoChannel, told: readonly Told[]): readonly Errand[] {
    const wanted = told.filter((each) => this.#isForPipe(each))
    if (this.#config.notifications[channel] === null || wanted.length === 0) return []
    const run = async (signal: AbortSignal) => {
      for (const each of wanted) {
        const pipe = await this.#pipe(channel, signal)
        if (pipe === null) return
        const isWritten = await pipe.fifo.write(fifoLine(each), () => this.#isTooFarBehind(channel), signal)
        this.#countGivenUp(channel, isWritten)
      }
    }
    return [{ lane: channel, run }]
  }

  /** The pipe, as soon as it can be made; null: the config no longer has it, or too many wait for it. */
  async #pipe(channel: FifoChannel, signal: AbortSignal): Promise<Pipe | null> {
    for (;;) {
      const pipe = this.#pipes.get(channel)
      if (pipe !== undefined) return pipe
      if (this.#config.notifications[channel] === null || this.#isTooFarBehind(channel)) return null
      await sleep(REOPEN_MS, undefined, { signal })
      this.#openPipes()
    }
  }

  #settingsOf({ kind, name }: Told): NotifySettings | null {
    return this.#settings.get(`${kind} ${name}`) ?? null
  }

  #isForPipe(told: Told): boolean {
    const { word, isAgain } = told
    if (isAgain) return this.#config.notifications.statesOnReload
    if (word !== 'MASTER_PRIORITY' && word !== 'BACKUP_PRIORITY') return true
    return this.#settingsOf(told)?.priorityChanges ?? false
  }

  #isTooFarBehind(channel: Channel): boolean {
    return (this.#followers.get(channel)?.behind ?? 0) > WAITING_MAX
  }

  /** Lines given up are reported together, once somebody reads again. */
  #countGivenUp(channel: FifoChannel, isWritten: boolean): void {
    const before = this.#givenUp.get(channel) ?? 0
    if (!isWritten) {
      this.#givenUp.set(channel, before + 1)
      if (before === 0)
        this.#fail(
          this.#describe(channel),
          null,
          `more than ${WAITING_MAX} events wait; the oldest are given up`,
        )
    } else if (before > 0) {
      this.#givenUp.delete(channel)
      this.#fail(this.#describe(channel), null, 'given up while nobody read', before)
    }
  }

  #fail(channel: string, about: string | null, detail: string, count = 1): void {
    this.#options.observe({ kind: 'notification-failed', channel, about, detail, count })
  }

  #isUsed(channel: Channel): boolean {
    const { notifications } = this.#config
    return channel === 'scripts' ? this.#settings.size > 0 : notifications[channel] !== null
  }

  #describe(channel: Channel): string {
    const { notifications } = this.#config
    if (channel === 'scripts') return 'scripts'
    if (channel === 'email') return `email ${notifications.email?.server ?? ''}`
    return `fifo ${notifications[channel]?.path ?? ''}`
  }

  #rememberSettings(): void {
    const file = path.join(this.#options.directory, 'settings.json')
    if (this.#settings.size === 0) {
      // `as`: written below, and replaced as a whole.
      const kept = readJson(file) as Readonly<Record<string, NotifySettings>> | null
      for (const [name, settings] of Object.entries(kept ?? {})) this.#settings.set(name, settings)
    }
    for (const { name, notify } of this.#config.virtualRouters) this.#settings.set(`INSTANCE ${name}`, notify)
    for (const { name, notify } of this.#config.syncGroups) this.#settings.set(`GROUP ${name}`, notify)
    replaceFile(file, JSON.stringify(Object.fromEntries(this.#settings)), 'until-power-loss')
  }

  #openPipes(): void {
    for (const channel of ['fifo', 'vrrpFifo'] as const) {
      const settings = this.#config.notifications[channel]
      const before = this.#pipes.get(channel)
      if (JSON.stringify(before?.settings ?? null) === JSON.stringify(settings)) continue
      this.#closePipe(channel)
      if (settings !== null) this.#openPipe(channel, settings)
    }
  }

  #openPipe(channel: FifoChannel, settings: FifoSettings): void {
    const { directory, log } = this.#options
    const fifo = new Fifo(settings)
    try {
      fifo.prepare()
      const { user, group } = this.#config.notifications
      const account = user === null && group === null ? null : findAccount(user, group)
      const pidFile = path.join(directory, `${channel}.pid`)
      const consumer =
        settings.script === null
          ? null
          : new FifoConsumer({ command: settings.script, fifo: settings.path, account, pidFile, log })
      this.#pipes.set(channel, { settings, fifo, consumer })
      this.#failedPipes.delete(channel)
    } catch (error) {
      if (this.#failedPipes.has(channel)) return
      this.#failedPipes.add(channel)
      this.#fail(`fifo ${settings.path}`, null, error instanceof Error ? error.message : String(error))
    }
  }

  #closePipe(channel: FifoChannel): void {
    const pipe = this.#pipes.get(channel)
    pipe?.fifo.close()
    pipe?.consumer?.stop()
    this.#pipes.delete(channel)
  }
}

function isMailed({ word, isAgain }: Told): boolean {
  return !isAgain && ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED'].includes(word)
}

function aboutOf({ kind, name, word }: Told): string {
  return `${kind} ${name} ${word}`
}

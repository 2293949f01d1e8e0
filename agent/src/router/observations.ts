/** Where everything this process observes goes: the journal, the roles a successor reads, and a bell for stewards. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { EventBody } from '@aloft/shared/protocol/events'
import type { Clock, Journal } from '../world/router-world.ts'
import { JournalWriter } from './journal-writer.ts'
import { RoleKeeper } from './roles-file.ts'
import type { StatePaths } from './state-directory.ts'

export interface ObservationsOptions {
  readonly paths: StatePaths
  readonly identity: { readonly runId: string; readonly bootId: string }
  readonly clock: Clock
  /** There is something new in the journal. At most once per turn of the event loop. */
  readonly ring: () => void
  /** After the turn of a change of role: whether any virtual router is active now. */
  readonly paced: (isActive: boolean) => void
  readonly log: (text: string) => void
}

/** Observations waiting for a full disk are tried again this often. */
const RETRY_MS = 1_000

export class Observations implements Journal {
  readonly #options: ObservationsOptions
  readonly #journal: JournalWriter
  readonly #roles: RoleKeeper
  readonly #retry: NodeJS.Timeout
  #isRinging = false

  constructor(options: ObservationsOptions) {
    const { paths, identity, clock, log } = options
    this.#options = options
    this.#roles = new RoleKeeper(paths.routerState, identity, options.paced)
    this.#journal = new JournalWriter({
      ...identity,
      directory: paths.journal,
      wallMs: () => clock.wallMs(),
      monoMs: () => clock.now(),
      onWritten: () => this.#ring(),
      onError: (error) => log(`observations wait in memory: ${error}`),
    })
    this.#retry = setInterval(() => this.#flushWaiting(), RETRY_MS)
  }

  get isActive(): boolean {
    return this.#roles.isActive
  }

  get condition(): JournalWriter['condition'] {
    return this.#journal.condition
  }

  append(body: EventBody, atMonoMs: number): void {
    this.#roles.observed(body)
    this.#journal.append(body, atMonoMs)
  }

  /** What this process itself did, now. */
  observe(body: EventBody): void {
    this.append(body, this.#options.clock.now())
  }

  configured(routers: readonly VirtualRouterConfig[]): void {
    this.#roles.configured(routers)
  }

  adopt(routers: Parameters<RoleKeeper['adopt']>[0]): void {
    this.#roles.adopt(routers)
  }

  writeRoles(): void {
    this.#roles.write()
  }

  flush(): void {
    this.#journal.flush()
  }

  close(): void {
    clearInterval(this.#retry)
    this.#roles.close()
    this.#journal.close()
  }

  #flushWaiting(): void {
    const { waiting, lost } = this.#journal.condition
    if (waiting + lost > 0) this.#journal.flush()
  }

  #ring(): void {
    if (this.#isRinging) return
    this.#isRinging = true
    setImmediate(() => {
      this.#isRinging = false
      this.#options.ring()
    })
  }
}

/** Everything between what this host observes and the control plane: journals, spool, enrolment, uplink. */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentConfig } from '@aloft/shared/config/agent-config'
import type { EventBody } from '@aloft/shared/protocol/events'
import { RouterState } from '@aloft/shared/protocol/frames'
import { type CentreAddress, parseCentreAddresses, plainHttpWarning } from '../node/centre-address.ts'
import { centreDialler } from '../node/centre-dialler.ts'
import { openSpool, type Spool } from '../node/spool.ts'
import type { SpoolLimits } from '../node/spool-retention.ts'
import { bootId, monotonicMs } from '../router/boot-identity.ts'
import type { TransportRule } from '../session/ways.ts'
import { CommandLedger } from './command-ledger.ts'
import { type Enrolled, ensureEnrolled } from './enrolment.ts'
import { type Identity, saveIdentity } from './identity.ts'
import { IdentityKeeper } from './identity-keeper.ts'
import { JournalReader } from './journal-reader.ts'
import { Notifier } from './notify/notifier.ts'
import type { Reporting, ReportingStart } from './reporting-contract.ts'
import { SOFTWARE } from './software.ts'
import type { UplinkStatus } from './status-contract.ts'
import { Uplink } from './uplink.ts'

export interface ReportingOptions extends ReportingStart {
  readonly stateDir: string
  /** URLs of one centre, by commas. Null: this agent reports to nobody; its spool keeps what it observes all the same. */
  readonly controlPlane: string | null
  /** What its sessions are carried by; default: what passes. */
  readonly transport?: TransportRule
  readonly enrolmentToken: string | null
  readonly spoolLimits?: Partial<SpoolLimits>
  /** Told of each observation once it is kept. */
  readonly told?: (body: EventBody) => void
  readonly log: (text: string) => void
}

const ROUTER_POLL_MS = 1_000
/** What a stopping agent still gives the disk, and then the centre. */
const DRAIN_MS = 2_000
const DELIVER_MS = 1_000

/** Rejects when the spool cannot be opened or `controlPlane` is no address; never for want of a centre. */
export async function openReporting(options: ReportingOptions): Promise<Reporting> {
  const { stateDir, controlPlane, log, runId, router } = options
  const centres = controlPlane === null ? [] : parseCentreAddresses([controlPlane])
  for (const warning of centres.map(plainHttpWarning)) if (warning !== null) log(warning)
  const spool = await openSpool({
    directory: path.join(stateDir, 'spool'),
    wallMs: Date.now,
    observed,
    log,
    ...(options.spoolLimits && { limits: options.spoolLimits }),
  })
  const journal = new JournalReader({
    directory: path.join(stateDir, 'journal'),
    spool,
    ownRun: runId,
    routerRun: async () => (await router.status())?.runId ?? null,
    observed,
    log,
    told: (body) => {
      notifier.grew()
      options.told?.(body)
    },
  })
  const [first] = centres
  const session = first ? startSession(options, [first, ...centres.slice(1)], spool) : null
  // What the journal holds since the last steward is told of: the notifier's place is taken before it is read.
  const notifier = await Notifier.open({
    directory: path.join(stateDir, 'notify'),
    spool,
    config: options.config,
    observe: options.observe,
    log,
  }).catch(async (error) => {
    session?.stop()
    await spool.close()
    throw error
  })
  journal.grew()
  return new OpenReporting({ spool, journal, notifier, session })
}

interface ReportingSession {
  readonly uplink: () => Uplink | null
  readonly status: () => UplinkStatus
  readonly stop: () => void
}

/** Enrols if need be, then connects; both for as long as it takes, and in the background. */
function startSession(
  options: ReportingOptions,
  centres: readonly [CentreAddress, ...CentreAddress[]],
  spool: Spool,
): ReportingSession {
  const { stateDir, enrolmentToken, node, router, log } = options
  const identityFile = path.join(stateDir, 'identity.json')
  const abort = new AbortController()
  let uplink: Uplink | null = null
  let before = unconnected(centres[0])
  const begin = async () => {
    const enrolled = await ensureEnrolled({
      identityFile,
      centres,
      token: enrolmentToken,
      node,
      signal: abort.signal,
      log,
      report: (state, detail) => {
        before = {
          ...before,
          state,
          detail,
          sinceWallMs: state === before.state ? before.sinceWallMs : Date.now(),
        }
      },
    })
    if (enrolled === null || abort.signal.aborted) return
    const { enrolment } = enrolled
    uplink = new Uplink({
      dialler: centreDialler(centres, { rule: options.transport ?? 'auto', monoMs: monotonicMs }),
      spool,
      config: {
        agentId: enrolment.agentId,
        node,
        software: SOFTWARE,
        bootId: bootId(),
        runId: options.runId,
        ...machineId(),
      },
      identity: keeperOf(identityFile, enrolled, log),
      routers: () => routerStates(router),
      ledger: new CommandLedger(path.join(stateDir, 'commands.json'), log),
      monoMs: monotonicMs,
      wallMs: Date.now,
      log,
    })
    uplink.start()
    uplink.routerIs(router.isConnected())
  }
  begin().catch((error) => {
    if (abort.signal.aborted) return
    const detail = `cannot enrol: ${error instanceof Error ? error.message : String(error)}`
    log(detail)
    before = { ...before, state: 'not-enrolled', detail }
  })
  const poll = setInterval(() => uplink?.routerIs(router.isConnected()), ROUTER_POLL_MS)
  return {
    uplink: () => uplink,
    status: () => uplink?.status() ?? before,
    stop: () => {
      abort.abort()
      clearInterval(poll)
      uplink?.stop()
    },
  }
}

function keeperOf(
  file: string,
  { identity, enrolment }: Enrolled,
  log: (text: string) => void,
): IdentityKeeper {
  const save = (changed: Identity) => saveIdentity(file, changed)
  return new IdentityKeeper({ identity, enrolment, save, wallMs: Date.now, log })
}

function unconnected({ text }: CentreAddress): UplinkStatus {
  return { url: text, transport: null, state: 'connecting', sinceWallMs: Date.now(), detail: null }
}

interface ReportingParts {
  readonly spool: Spool
  readonly journal: JournalReader
  readonly notifier: Notifier
  readonly session: ReportingSession | null
}

class OpenReporting implements Reporting {
  readonly #parts: ReportingParts

  constructor(parts: ReportingParts) {
    this.#parts = parts
  }

  configured(config: AgentConfig): void {
    this.#parts.notifier.configure(config)
  }

  journalGrew(): void {
    this.#parts.journal.grew()
  }

  status(): ReturnType<Reporting['status']> {
    const { spool, session, notifier } = this.#parts
    const { epoch, lastSeq, heldSeq, error } = spool.condition
    return {
      uplink: session?.status() ?? null,
      spool: { epoch, lastSeq, ackedSeq: heldSeq, backlog: lastSeq - heldSeq, error },
      notifications: notifier.status(),
    }
  }

  async stop(): Promise<void> {
    const { spool, journal, notifier, session } = this.#parts
    await Promise.race([journal.drain(), sleep(DRAIN_MS, undefined, { ref: false })])
    await notifier.stop()
    await Promise.race([journal.drain(), sleep(DRAIN_MS, undefined, { ref: false })])
    journal.stop()
    // A centre that is there hears the end of the story now, rather than when this agent next starts.
    const until = monotonicMs() + DELIVER_MS
    while (
      session?.uplink()?.isLive &&
      spool.condition.heldSeq < spool.condition.lastSeq &&
      monotonicMs() < until
    )
      await sleep(10)
    session?.stop()
    await spool.close()
  }
}

/** machine-id(5) is to be kept to oneself: what is told is made from it, for this purpose. */
function machineId(): { readonly machineId?: string } {
  try {
    const own = readFileSync('/etc/machine-id', 'utf8').trim()
    return own === '' ? {} : { machineId: createHmac('sha256', own).update('aloft').digest('hex') }
  } catch {
    return {}
  }
}

async function routerStates(router: ReportingStart['router']): Promise<readonly RouterState[] | null> {
  const status = await router.status()
  // Counters and whatever else a status holds are not for the wire.
  return status === null ? null : status.virtualRouters.map((one) => RouterState.parse(one))
}

function observed() {
  return { wallMs: Date.now(), monoMs: monotonicMs(), bootId: bootId() }
}

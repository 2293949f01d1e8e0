/** The steward of a simulated node: the real enrolment, the real session machine, the real links; a spool in memory. */
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { type CentreAddress, parseCentreAddress } from '../../agent/src/node/centre-address.ts'
import { centreDialler } from '../../agent/src/node/centre-dialler.ts'
import type { Transport } from '../../agent/src/session/link.ts'
import { between, chance, type Entropy, integer } from '../../agent/src/simulated/entropy.ts'
import { CommandLedger } from '../../agent/src/steward/command-ledger.ts'
import { ensureEnrolled } from '../../agent/src/steward/enrolment.ts'
import { saveIdentity } from '../../agent/src/steward/identity.ts'
import { IdentityKeeper } from '../../agent/src/steward/identity-keeper.ts'
import { Uplink } from '../../agent/src/steward/uplink.ts'
import { mortal } from './mortal-dialler.ts'
import type { SimulatedSite, SiteNode } from './simulated-site.ts'

export interface SimulatedAgentOptions {
  readonly site: SimulatedSite
  readonly node: SiteNode
  readonly url: string
  readonly token: string
  readonly transport: Transport
  /** Where `identity.json` is, which outlives every kill. */
  readonly folder: string
  readonly entropy: Entropy
  readonly log: (line: string) => void
}

export class SimulatedAgent {
  readonly site: SimulatedSite
  readonly node: SiteNode
  readonly #options: SimulatedAgentOptions
  readonly #centre: CentreAddress
  #uplink: Uplink | null = null
  #links: AbortController | null = null

  constructor(options: SimulatedAgentOptions) {
    this.site = options.site
    this.node = options.node
    this.#options = options
    this.#centre = parseCentreAddress(options.url)
  }

  get name(): string {
    return `${this.site.name}/${this.node.name}`
  }

  get isRunning(): boolean {
    return this.#links !== null
  }

  get isLive(): boolean {
    return this.#uplink?.isLive ?? false
  }

  /** Everything it recorded is held by the centre, as far as it was told. */
  get isDelivered(): boolean {
    const { heldSeq, lastSeq } = this.node.spool.condition
    return this.isLive && heldSeq === lastSeq
  }

  get detail(): string {
    const status = this.#uplink?.status()
    const { heldSeq, lastSeq } = this.node.spool.condition
    return `${this.name}: ${status?.state ?? 'not started'} (${status?.detail ?? ''}), ${heldSeq} of ${lastSeq} held`
  }

  async start(): Promise<void> {
    if (this.#links !== null) return
    const life = new AbortController()
    this.#links = life
    const { token, folder, log, site, node, entropy } = this.#options
    const identityFile = path.join(folder, `${site.name}-${node.name}.json`)
    const ledgerFile = path.join(folder, `${site.name}-${node.name}-commands.json`)
    const say = (line: string) => log(`${this.name}: ${line}`)
    const enrolled = await ensureEnrolled({
      identityFile,
      centres: [this.#centre],
      token,
      node: node.name,
      signal: life.signal,
      log: () => {},
      report: () => {},
    }).catch(() => null)
    if (enrolled === null || life.signal.aborted) return
    const { identity, enrolment } = enrolled
    this.#uplink = new Uplink({
      dialler: mortal(
        centreDialler(this.#centre, { rule: ruleOf(this.#options.transport) }),
        life.signal,
        () => (chance(entropy, 0.5) ? 0 : between(entropy, 1_000, 10_000)),
      ),
      spool: node.spool,
      config: {
        agentId: enrolment.agentId,
        node: node.name,
        software: 'aloft/simulated',
        bootId: node.clock.bootId,
        runId: randomBytes(6).toString('hex'),
        machineId: this.name,
      },
      identity: new IdentityKeeper({
        identity,
        enrolment,
        save: (changed) => saveIdentity(identityFile, changed),
        wallMs: () => node.clock.wallMs(),
        log: say,
      }),
      ledger: new CommandLedger(ledgerFile, say),
      routers: async () => site.routersOf(node),
      monoMs: () => node.clock.monoMs(),
      wallMs: () => node.clock.wallMs(),
      log: say,
    })
    this.#uplink.start()
    this.#uplink.routerIs(true)
  }

  /** SIGKILL of the steward: its sockets are reset without a word, and what it knew is gone but for its disk. */
  kill(): void {
    const { entropy, node } = this.#options
    this.#links?.abort()
    this.#links = null
    this.#uplink?.stop()
    this.#uplink = null
    node.spool.reopen({ cursorLag: integer(entropy, 0, 40), forget: chance(entropy, 0.3) })
  }
}

/** One transport in a run: which of them passes is not what is tried here. */
function ruleOf(transport: Transport): 'ws' | 'exchange' {
  return transport === 'exchange' ? 'exchange' : 'ws'
}

import { randomUUID } from 'node:crypto'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import type { RouterState, Snapshot } from '@aloft/shared/protocol/frames'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { transact } from '../database/transact.ts'
import { tick } from '../duties/tick.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, transition } from '../gateway/test-agent.ts'
import { listVirtualRouters } from '../virtual-routers/read.ts'
import { showSnapshot } from '../virtual-routers/show.ts'
import * as presence from './presence.ts'
import { readAgents } from './read.ts'
import { insertSession, lockCursor } from './store-sessions.ts'

interface Node {
  readonly id: string
  generation: number
  seq: number
}

export const ADDRESSES: Readonly<Record<string, string>> = {
  lb1: '192.0.2.1',
  lb2: '192.0.2.2',
  lb3: '192.0.2.3',
}

/** The nodes of one virtual router as the centre's database sees them. Time passes when a test says so. */
export class TestFleet {
  readonly database: TestDatabase
  readonly #nodes = new Map<string, Node>()
  #siteId = ''
  #fedUpTo = 0

  private constructor(database: TestDatabase) {
    this.database = database
  }

  static async open(...names: readonly string[]): Promise<TestFleet> {
    const fleet = new TestFleet(await createTestDatabase())
    const { db, sql } = fleet.database
    for (const name of names) {
      const { agentId } = await enrolNode(db, 'paris', name)
      fleet.#nodes.set(name, { id: agentId, generation: 0, seq: 0 })
    }
    fleet.#siteId = (await sql`select id from sites`)[0]?.['id']
    // A centre that has been there for long.
    await fleet.alive('r1')
    await sql`update centre_watch set away_since_ms = 0, back_at_ms = 0, amnesty_until_ms = 0`
    return fleet
  }

  async alive(...replicas: readonly string[]): Promise<void> {
    for (const replica of replicas)
      await transact(this.database.db, (tx) => presence.keepReplica(tx, replica))
  }

  async connect(name: string, facts: { readonly replica?: string; readonly runId?: string } = {}) {
    const node = this.#node(name)
    await transact(this.database.db, async (tx) => {
      await lockCursor(tx, { agentId: node.id, epoch: 'e', nowMs: Date.now() })
      node.generation = await insertSession(tx, {
        agentId: node.id,
        sessionId: randomUUID(),
        replica: facts.replica ?? 'r1',
        bootId: 'boot-1',
        runId: facts.runId ?? 'run-1',
        machineId: null,
        transport: 'websocket',
        nowMs: Date.now(),
        clockOffsetMs: 0,
        clockErrorMs: 1,
      })
      await presence.sessionBegan(tx, node.id, Date.now())
    })
  }

  /** The node shows the router whole: its role, and of a backup whom it hears. */
  async show(name: string, role: RouterState['role'], hears: string | null = null): Promise<void> {
    const node = this.#node(name)
    const source = ADDRESSES[name] ?? null
    const address = role === 'active' ? source : hears === null ? null : (ADDRESSES[hears] ?? hears)
    const router: RouterState = {
      virtualRouter: 'web',
      vrid: 51,
      family: 'ipv4',
      interface: 'eth0',
      version: 3,
      role,
      sinceWallMs: Date.now(),
      priority: 100,
      advertisementIntervalMs: 1_000,
      addresses: ['192.0.2.100'],
      active: address === null ? null : { address, priority: 100 },
      source,
    }
    const snapshot: Snapshot = { kind: 'snapshot', asOfSeq: node.seq, routers: [router] }
    const { generation } = node
    const shown = { agentId: node.id, siteId: this.#siteId, generation, epoch: 'e', snapshot, clock: null }
    await transact(this.database.db, async (tx) => {
      await showSnapshot(tx, shown, Date.now())
      await presence.markSynced(tx, { agentId: node.id, generation: node.generation }, Date.now())
    })
    await this.heartbeat(name)
  }

  /** The node took over because it heard no more of another, so long before its word arrives. */
  takeOver(name: string, from: string, agoMs = 0): Promise<void> {
    return this.event(name, {
      from: 'backup',
      to: 'active',
      reason: 'no-response',
      source: ADDRESSES[name] ?? null,
      heard: { address: ADDRESSES[from] ?? from, priority: 200, agoMs: 3_000 },
      atMs: Date.now() - agoMs,
    })
  }

  async event(name: string, facts: Parameters<typeof transition>[1]): Promise<void> {
    const node = this.#node(name)
    const event: SpooledEvent = transition(++node.seq, facts)
    const batch = {
      agentId: node.id,
      siteId: this.#siteId,
      generation: node.generation,
      epoch: 'e',
      events: [event],
      clock: { offsetMs: 0, errorMs: 1 },
      liveAfterSeq: 0,
      receivedAtMs: Date.now(),
    }
    await transact(this.database.db, (tx) => ingest(tx, [batch], Date.now()))
  }

  heartbeat(...names: readonly string[]): Promise<void> {
    return this.heartbeatAt(Date.now(), ...names)
  }

  /** The same by a replica whose clock says something else. */
  async heartbeatAt(wallMs: number, ...names: readonly string[]): Promise<void> {
    const notes = names.map((name) => {
      const { id: agentId, generation } = this.#node(name)
      const unsaid = { clockOffsetMs: null, clockErrorMs: null, spoolBacklog: 0 }
      return { agentId, generation, seenAtMs: wallMs, routerAlive: true, ...unsaid }
    })
    await transact(this.database.db, (tx) => presence.noteSessions(tx, notes, wallMs))
  }

  /** `agoMs`: its replica, which lives, could not write it down before. */
  async close(name: string, excused = false, agoMs = 0): Promise<void> {
    const { id: agentId, generation } = this.#node(name)
    const ended = [{ agentId, generation, atMs: Date.now() - agoMs, excused }]
    await transact(this.database.db, (tx) => presence.closeSessions(tx, ended, Date.now()))
  }

  /** Everything written so far is so much older from now on; less than nothing: the clock was set back. */
  async pass(ms: number): Promise<void> {
    const { sql } = this.database
    await sql`update agent_sessions set last_seen_at_ms = last_seen_at_ms - ${ms}::float8,
      disconnected_at_ms = disconnected_at_ms - ${ms}::float8, excused_until_ms = excused_until_ms - ${ms}::float8`
    await sql`update replicas set seen_at_ms = seen_at_ms - ${ms}::float8`
    await sql`update virtual_router_members set taken_at_ms = taken_at_ms - ${ms}::float8`
    await sql`update centre_watch set seen_at_ms = seen_at_ms - ${ms}::float8, due_at_ms = due_at_ms - ${ms}::float8,
      away_since_ms = away_since_ms - ${ms}::float8, back_at_ms = back_at_ms - ${ms}::float8,
      amnesty_until_ms = amnesty_until_ms - ${ms}::float8`
    await sql`update duties set started_at_ms = 0`
  }

  /** The same with a centre that is there all the time, and agents that say so. */
  async live(ms: number, { replicas = ['r1'], nodes }: { replicas?: string[]; nodes: string[] }) {
    for (let left = ms; left > 0; left -= 5_000) {
      await this.pass(Math.min(5_000, left))
      await this.alive(...replicas)
      await this.heartbeat(...nodes)
    }
  }

  async runDuties(): Promise<void> {
    await this.database.sql`update duties set started_at_ms = 0`
    const duties = [presence.replicaLeases, presence.agentStates]
    const { failed } = await tick({ db: this.database.db, duties, replica: 'test' })
    if (failed.length > 0) throw new Error(JSON.stringify(failed))
  }

  async agent(name: string) {
    const [agent] = await readAgents(this.database.db, [this.#node(name).id], 'everywhere')
    if (agent === undefined) throw new Error(`there is no ${name}`)
    return agent
  }

  async states(): Promise<string> {
    const agents = await Promise.all([...this.#nodes.keys()].map((name) => this.agent(name)))
    return agents.map(({ node, state }) => `${node} ${state}`).join(', ')
  }

  async router() {
    const { items } = await listVirtualRouters(this.database.db, { reach: 'everywhere', limit: 10 })
    const [router] = items
    if (router === undefined) throw new Error('there is no virtual router')
    return router
  }

  /** Kinds of what was told on the stream since the last time: agents by name. */
  async told(): Promise<readonly string[]> {
    const rows = await this.database
      .sql`select id, kind, ref from feed where id > ${this.#fedUpTo} order by id`
    this.#fedUpTo = Number(rows.at(-1)?.['id'] ?? this.#fedUpTo)
    const names = new Map([...this.#nodes].map(([name, { id }]) => [id, name] as const))
    return rows.map(({ kind, ref }) => (kind === 'agent' ? `agent ${names.get(ref)}` : kind))
  }

  #node(name: string): Node {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new Error(`there is no ${name}`)
    return node
  }
}

import { giveCommand } from '../commands/give.ts'
import { transact } from '../database/transact.ts'
import { createEnrolmentToken } from '../enrolment-tokens/create.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, TEST_CALLER, transition } from '../gateway/test-agent.ts'
import type { TestApplication } from '../http/test-application.ts'
import { hashSecret } from './secrets.ts'

/** What a path can name. `…-of-others` belongs to somebody else than the caller, whatever the site. */
export type ObjectKind =
  | 'site'
  | 'site-in-body'
  | 'agent'
  | 'command'
  | 'virtual-router'
  | 'failover'
  | 'enrolment-token'
  | 'user'
  | 'session-of-others'
  | 'token-of-others'

type Names = Readonly<Record<string, string>>

export interface Objects {
  /** The parameters that name one of a site; `shared` may be one that others use too, else it is new. */
  make(kind: ObjectKind, site: string, shared: boolean): Promise<Names>
  /** Whatever an answer that shows anything of the site may hold of it: names and ids. */
  tracesOf(site: string): readonly string[]
  newName(): string
}

/** Sites with two nodes each, of which one took over from the other. */
export async function seedObjects(app: TestApplication, sites: readonly string[]): Promise<Objects> {
  const { db, sql } = app.database
  const known = new Map<string, Names>()
  let made = 0
  for (const site of sites) known.set(site, await seedSite(app, site))
  const idOf = async (table: string, secret: string) => {
    const [row] = await sql`select id from ${sql(table)} where hash = ${hashSecret(secret)}`
    return { id: String(row?.['id']) }
  }
  const fresh: Readonly<Record<ObjectKind, (site: string) => Promise<Names>>> = {
    site: async (site) => ({ id: site }),
    'site-in-body': async () => ({}),
    agent: async (site) => ({ id: (await enrolNode(db, site, `node-${++made}`)).agentId }),
    command: async (site) => {
      const { agentId } = await enrolNode(db, site, `node-${++made}`)
      const command = await giveCommand(db, {
        caller: TEST_CALLER,
        reach: 'everywhere',
        request: { kind: 'report', ttlMs: 60_000 },
        agentId,
        nowMs: app.clock.nowMs,
      })
      return { id: agentId, commandId: command.id }
    },
    'virtual-router': async (site) => ({ id: known.get(site)?.['virtual-router'] ?? '' }),
    failover: async (site) => ({ id: known.get(site)?.['failover'] ?? '' }),
    'enrolment-token': async (site) => ({ id: (await enrolmentToken(app, site)).id }),
    user: async () => {
      const [row] = await sql`insert into users (name, grants, grants_from, created_at_ms)
        values (${`user-${++made}`}, '[]', 'admin', 1) returning id`
      return { id: String(row?.['id']) }
    },
    'session-of-others': async () => idOf('browser_sessions', await app.session()),
    'token-of-others': async () => idOf('api_tokens', await app.token('viewer')),
  }
  return {
    make: async (kind, site, shared) => {
      const there = shared ? known.get(site)?.[kind] : undefined
      return there === undefined ? fresh[kind](site) : { id: there }
    },
    tracesOf: (site) => [site, ...Object.values(known.get(site) ?? {})],
    newName: () => `new-${++made}`,
  }
}

/** Ids of what is at the site, by kind. */
async function seedSite(app: TestApplication, site: string): Promise<Names> {
  const { db, sql } = app.database
  const [lb1, lb2] = [await enrolNode(db, site, 'lb1'), await enrolNode(db, site, 'lb2')]
  await enrolmentToken(app, site)
  const [row] = await sql`select id from sites where name = ${site}`
  const siteId = String(row?.['id'])
  const nowMs = app.clock.nowMs
  const became = { from: 'backup', to: 'active' } as const
  for (const [agentId, event] of [
    [lb1.agentId, transition(1, { ...became, reason: 'priority', priority: 200, atMs: nowMs - 60_000 })],
    [lb2.agentId, transition(1, { ...became, reason: 'no-response', outageMs: 312, atMs: nowMs - 1_000 })],
  ] as const) {
    await sql`insert into agent_epochs (agent_id, epoch, seq, started_at_ms) values (${agentId}, 'e', 0, 1)`
    const clock = { offsetMs: 0, errorMs: 1 }
    const batch = {
      agentId,
      siteId,
      epoch: 'e',
      events: [event],
      generation: null,
      clock,
      liveAfterSeq: 0,
      receivedAtMs: nowMs,
    }
    await transact(db, (tx) => ingest(tx, [batch], nowMs))
  }
  const [failover] = await sql`select id, virtual_router_id from failovers where site_id = ${siteId}`
  return {
    agent: lb1.agentId,
    'other agent': lb2.agentId,
    'site id': siteId,
    failover: String(failover?.['id']),
    'virtual-router': String(failover?.['virtual_router_id']),
  }
}

function enrolmentToken(app: TestApplication, site: string) {
  return createEnrolmentToken(app.database.db, {
    caller: TEST_CALLER,
    reach: 'everywhere',
    request: { site, ttlMs: 3_600_000, maxUses: 1, labels: {}, needsApproval: false },
    nowMs: app.clock.nowMs,
  })
}

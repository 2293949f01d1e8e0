import type { Availability } from '@aloft/shared/api/availability'
import type { Failover } from '@aloft/shared/api/schemas'
import type { SpooledEvent, TransitionBody } from '@aloft/shared/protocol/events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { transact } from '../database/transact.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, transition } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { HOUR_MS, sumUp } from './sum-up.ts'

/** Two nodes whose clocks are more than two minutes apart; one of them is cut off from the centre when it fails. */
const NOW = Math.floor(Date.now() / HOUR_MS) * HOUR_MS + 1_800_000
const T0 = Math.floor(NOW / HOUR_MS) * HOUR_MS - 6 * HOUR_MS
const FAILED = T0 + 2 * HOUR_MS + 600_000
const ABSENT_MS = 3 * HOUR_MS
const iso = (ms: number) => new Date(ms).toISOString()

interface Node {
  readonly agentId: string
  readonly siteId: string
  /** What its clock shows beyond the centre's. */
  readonly aheadMs: number
}

let app: TestApplication
let [lb1, lb2]: Node[] = []
beforeAll(async () => {
  app = await startTestApplication()
  app.clock.nowMs = NOW
  const join = async (name: string, aheadMs: number): Promise<Node> => {
    const { agentId } = await enrolNode(app.database.db, 'bern', name)
    const [row] = await app.database.sql`select id from sites where name = 'bern'`
    await app.database
      .sql`insert into agent_epochs (agent_id, epoch, seq, started_at_ms) values (${agentId}, 'e', 0, 0)`
    await app.database
      .sql`insert into agent_sessions (agent_id, session_id, generation, replica, boot_id, run_id,
      connected_at_ms, last_seen_at_ms, synced) values (${agentId}, 's', 1, 'r', 'boot-1', 'r', ${T0}, ${NOW}, true)`
    return { agentId, siteId: row?.['id'], aheadMs }
  }
  lb1 = await join('lb1', 95_000)
  lb2 = await join('lb2', -40_000)
})
afterAll(() => app.close())

const at = (node: Node | undefined, seq: number, trueMs: number, body: Partial<TransitionBody>) =>
  transition(seq, { atMs: trueMs + (node?.aheadMs ?? 0), ...body })

/** Delivers what a node has in its spool; `backlog`: from before its session. */
async function deliver(
  node: Node | undefined,
  events: readonly SpooledEvent[],
  { receivedAtMs, backlog = false }: { readonly receivedAtMs: number; readonly backlog?: boolean },
): Promise<void> {
  if (node === undefined) throw new Error('no such node')
  const { agentId, siteId, aheadMs } = node
  const seq = events.at(-1)?.seq ?? 0
  const clock = { offsetMs: -aheadMs, errorMs: 2 }
  const facts = { generation: null, epoch: 'e', clock, liveAfterSeq: backlog ? seq : 0, receivedAtMs }
  const outcomes = await transact(app.database.db, (tx) =>
    ingest(tx, [{ agentId, siteId, events, ...facts }], receivedAtMs),
  )
  expect(outcomes).toEqual([{ kind: 'held', seq }])
}

async function get<T>(path: string): Promise<T> {
  return (await (await app.fetch(path)).json()) as T
}

async function told() {
  await sumUp({ db: app.database.db, nowMs: NOW, transact: (work) => transact(app.database.db, work) })
  const { items } = await get<{ items: Failover[] }>('/api/v1/failovers?site=bern')
  const { total } = await get<Availability>(`/api/v1/availability?site=bern&from=${iso(T0)}`)
  return { failovers: items, total }
}

it('clocks that differ and a replay after an outage come out as one failover and one outage', async () => {
  const joined = { from: 'initialize', to: 'backup' } as const
  const heard = { address: '10.0.0.1', priority: 200, agoMs: 3_500 }
  await deliver(
    lb1,
    [at(lb1, 1, T0, joined), at(lb1, 2, T0 + 1_000, { from: 'backup', to: 'active', reason: 'priority' })],
    { receivedAtMs: T0 + 1_020 },
  )
  await deliver(lb2, [at(lb2, 1, T0, joined)], { receivedAtMs: T0 + 20 })
  const took = { from: 'backup', to: 'active', reason: 'no-response', heard, outageMs: 3_512.5 } as const
  await deliver(lb2, [at(lb2, 2, FAILED, took)], { receivedAtMs: FAILED + 20 })
  const live = await told()
  const [first] = live.failovers
  expect(live.failovers).toMatchObject([
    { from: 'lb1', to: 'lb2', occurredAt: iso(FAILED), late: false, outageMs: 3_512.5 },
  ])

  // Three hours later the cut-off node is back, and says that it gave up 3.2 s before the other took over.
  const gaveUp = at(lb1, 3, FAILED - 3_200, { from: 'active', to: 'fault', reason: 'interface-down' })
  const back = at(lb1, 4, FAILED + 60_000, { from: 'fault', to: 'backup', reason: 'interface-up' })
  const replayed = { receivedAtMs: FAILED + ABSENT_MS, backlog: true }
  await deliver(lb1, [gaveUp, back], replayed)
  const known = await told()
  expect(known.failovers).toMatchObject([
    { id: first?.id, from: 'lb1', to: 'lb2', occurredAt: iso(FAILED), outageMs: 3_512.5 },
  ])
  const evidence = known.failovers[0]?.evidence.find(
    ({ agentId, seq }) => agentId === lb1?.agentId && seq === 3,
  )
  // 135 s lie between the clocks of the two; what is left of that is the error of a measurement three hours later.
  expect(evidence).toMatchObject({ occurredAt: iso(FAILED - 3_200), late: true })
  expect(evidence?.occurredAtErrorMs).toBeCloseTo(2 + (ABSENT_MS + 3_200) * 1e-4, 3)
  // The first outage is the second before anybody was active.
  expect(known.total).toMatchObject({ degradedMs: 0, downMs: 1_000 + 3_200, outages: 2 })

  // The acknowledgement was lost, so the same comes once more.
  await deliver(lb1, [gaveUp, back], { ...replayed, receivedAtMs: replayed.receivedAtMs + 5_000 })
  expect(await told()).toEqual(known)
})

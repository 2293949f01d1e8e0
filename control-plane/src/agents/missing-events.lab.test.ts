/** An agent comes back and no longer has events that the centre never got: a gap, and shown as one. */
import type { Timeline } from '@aloft/shared/api/availability'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  enrolNode,
  startTestGateway,
  TestAgent,
  type TestGateway,
  type TestIdentity,
  transition,
} from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'

const MINUTE = 60_000
const NOW = Date.now()
const iso = (ms: number) => new Date(ms).toISOString()

let app: TestApplication
let rig: TestGateway
let lb1: TestIdentity
beforeAll(async () => {
  app = await startTestApplication()
  rig = await startTestGateway(app.database.db)
  lb1 = await enrolNode(app.database.db, 'berlin', 'lb1')
})
afterAll(async () => {
  await rig.stop()
  await app.close()
})

const change = (seq: number, agoMinutes: number, from: 'initialize' | 'backup', to: 'backup' | 'active') =>
  transition(seq, { from, to, reason: 'priority', atMs: NOW - agoMinutes * MINUTE })
/** By the centre's clock, as it was measured. */
const occurredMs = async (seq: number): Promise<number> =>
  (await app.database.sql`select occurred_at_ms from events where seq = ${seq}`)[0]?.['occurred_at_ms']
const gaps = () => app.database.sql`
  select seq::int, events, cause, from_ms, to_ms from agent_gaps where agent_id = ${lb1.agentId}`

async function session(facts: { firstSeq?: number; lastSeq: number }) {
  const agent = new TestAgent(rig.url)
  const welcome = await agent.open(lb1, facts)
  return { agent, welcome }
}

it('what was between is unknown, from when it was last seen to the first event it has', async () => {
  const before = await session({ lastSeq: 2 })
  const known = [change(1, 60, 'initialize', 'backup'), change(2, 50, 'backup', 'active')]
  before.agent.send({ kind: 'events', epoch: 'epoch-1', events: known })
  await before.agent.acked(2)
  await before.agent.close()

  const after = await session({ firstSeq: 11, lastSeq: 11 })
  expect(after.welcome.resumeAfterSeq).toBe(10)
  const lost = { seq: 3, events: 8, cause: 'not-delivered', from_ms: await occurredMs(2) }
  expect(await gaps()).toEqual([{ ...lost, to_ms: null }])
  await after.agent.close()
  // The welcome may be lost: told again, it is one gap all the same.
  const again = await session({ firstSeq: 11, lastSeq: 11 })
  expect(await gaps()).toEqual([{ ...lost, to_ms: null }])

  again.agent.send({ kind: 'events', epoch: 'epoch-1', events: [change(11, 10, 'backup', 'active')] })
  await again.agent.acked(11)
  const endMs = await occurredMs(11)
  expect(await gaps()).toEqual([{ ...lost, to_ms: endMs }])
  const [router] = await app.database.sql`select id from virtual_routers`
  const answer = await app.fetch(
    `/api/v1/virtual-routers/${router?.['id']}/timeline?from=${iso(NOW - 60 * MINUTE)}&to=${iso(NOW)}`,
  )
  const { states, gaps: shown }: Timeline = await answer.json()
  expect(shown).toMatchObject([
    { node: 'lb1', cause: 'not-delivered', events: 8, from: iso(lost.from_ms), to: iso(endMs) },
  ])
  expect(states.map(({ state, from }) => [state, from])).toContainEqual(['unknown', iso(lost.from_ms)])
  expect(states.at(-1)).toMatchObject({ state: 'served', from: iso(endMs) })
  await again.agent.close()
})

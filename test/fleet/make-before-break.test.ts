/** One session after another over real sockets: at no instant is there none, and each event is said once. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../control-plane/src/database/test-database.ts'
import { startTestGateway, type TestGateway } from '../../control-plane/src/gateway/test-agent.ts'
import { pause, until } from '../lab/wait.ts'
import { type OneAgent, startAgent } from './one-agent.ts'

let database: TestDatabase
let gateways: TestGateway[] = []
let agent: OneAgent
let flowing: NodeJS.Timeout
let watching: NodeJS.Timeout
/** Generations seen on record, in order; negative while the session was over. */
let seen: number[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  gateways = [await startTestGateway(database.db), await startTestGateway(database.db)]
  // Of the waits of the agent: it leaves after a third of the time it is given, and tries again soon.
  vi.spyOn(Math, 'random').mockReturnValue(0.3)
})
afterEach(async () => {
  vi.restoreAllMocks()
  clearInterval(flowing)
  clearInterval(watching)
  agent.uplink.stop()
  for (const gateway of gateways) await gateway.stop()
  await database.close()
})

const pathOf = ({ url }: TestGateway) =>
  `unix:${url.replace('ws+unix:', '').replace(':/agent/v1/connect', '')}`
const oneTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

/** The agent goes by the URLs in the order given, while events flow and somebody watches. */
async function begin(urls: readonly string[]): Promise<void> {
  agent = await startAgent(database.db, 'lb1', { url: urls.join(), rule: 'ws', random: () => 0 })
  agent.observe(5)
  await agent.delivered()
  flowing = setInterval(() => agent.observe(1), 5)
  seen = []
  let looking = false
  const look = async () => {
    looking = true
    const [row] = await database.sql`select generation::int, disconnected_at_ms from agent_sessions`
    const generation = Number(row?.['generation'])
    seen.push(row?.['disconnected_at_ms'] === null ? generation : -generation)
    looking = false
  }
  watching = setInterval(() => looking || void look(), 10)
}

async function settled(): Promise<void> {
  clearInterval(flowing)
  await agent.delivered()
  const { lastSeq } = agent.spool.condition
  const held = await database.sql`select seq::int from events order by seq`
  expect(held.map(({ seq }) => seq)).toEqual(oneTo(lastSeq))
  const said = agent.links.flatMap(({ said }) =>
    said
      .map((text) => JSON.parse(text))
      .flatMap(({ kind, events }) =>
        kind === 'events' ? events.map(({ seq }: { seq: number }) => seq) : [],
      ),
  )
  expect(said, 'each event was said once').toEqual(oneTo(lastSeq))
}

it('a replica is drained: the next session is welcomed by another before this one ends', async () => {
  await begin(gateways.map(pathOf))
  await gateways[0]?.gateway.stop()
  await settled()
  const [first, second] = agent.links
  expect(agent.links).toHaveLength(2)
  expect(second?.welcomedAtMs).toBeLessThanOrEqual(first?.endedAtMs ?? 0)
  expect(agent.uplink.status()).toMatchObject({ url: pathOf(gateways[1] as TestGateway), state: 'connected' })
  expect([...new Set(seen)]).toEqual([1, 2])
  expect(seen.length).toBeGreaterThan(20)
})

it('the first try to go elsewhere fails: the old session goes on until another one stands', async () => {
  const [first, second] = gateways.map(pathOf)
  await begin([first ?? '', 'unix:/nowhere/aloft.sock', second ?? ''])
  await gateways[0]?.gateway.stop()
  await settled()
  const [old, vain, next] = agent.links
  expect(agent.links).toHaveLength(3)
  expect(vain?.ended).toMatchObject({ by: 'link', code: 1006 })
  expect(vain?.endedAtMs).toBeLessThan(next?.welcomedAtMs ?? 0)
  expect(next?.welcomedAtMs).toBeLessThanOrEqual(old?.endedAtMs ?? 0)
  expect([...new Set(seen)]).toEqual([1, 2])
})

it('a key is followed by a new one, tried beside the session, which goes on', async () => {
  await database.sql`select 1`
  await begin(gateways.map(pathOf))
  const keyOf = async () => (await database.sql`select public_key from agents`)[0]?.['public_key']
  const before = await keyOf()
  // The order comes with a welcome: the session is drained away, and the next one brings it.
  await database.sql`update agents set rotate_requested_at_ms = 1`
  await gateways[0]?.gateway.stop()
  await until(async () => (await keyOf()) !== before, { what: 'another key', withinMs: 10_000 })
  await pause(200)
  await settled()
  const [, session, trial] = agent.links
  expect(agent.links).toHaveLength(3)
  expect(session?.ended).toBeNull()
  expect(trial?.said.map((text) => JSON.parse(text))).toEqual([
    expect.objectContaining({ kind: 'hello', trial: true }),
  ])
  expect([...new Set(seen)]).toEqual([1, 2])
})

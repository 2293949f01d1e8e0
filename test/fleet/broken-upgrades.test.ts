/** `auto` where a proxy breaks WebSockets: the session comes over HTTP requests, and a WebSocket is tried again later. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../lab/wait.ts'
import { type InProcessCentre, startInProcess } from './in-process-centre.ts'
import { type Middlebox, startMiddlebox, type UpgradeFate } from './middlebox.ts'
import { type OneAgent, startAgent } from './one-agent.ts'

/** More than the longest wait after a first verdict, and less than an hour. */
const LATER_MS = 460_000

let centre: InProcessCentre
beforeAll(async () => {
  centre = await startInProcess()
})
afterAll(() => centre.stop())

const sessionsOf = async ({ agentId }: OneAgent) =>
  (await centre.database.sql`select generation::int from agent_sessions where agent_id = ${agentId}`)[0]
const heldOf = async ({ agentId }: OneAgent) =>
  (await centre.database.sql`select seq::int from events where agent_id = ${agentId} order by seq`).map(
    ({ seq }) => seq,
  )
const oneTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

async function behind(
  prefix: string,
  fate: UpgradeFate,
  use: (box: Middlebox, agent: OneAgent) => Promise<void>,
) {
  const box = await startMiddlebox(centre.plane.port, prefix)
  box.upgradeFate = fate
  const node = `behind-${fate}${prefix}`.replace(/\W/g, '-')
  const agent = await startAgent(centre.database.db, node, { url: box.url, handshakeMs: 1_000 })
  try {
    await use(box, agent)
  } finally {
    agent.uplink.stop()
    await box.close()
  }
}

/** How many upgrades it takes to be sure. */
const FATES: readonly (readonly [UpgradeFate, string, number])[] = [
  [400, '', 1],
  [502, '', 1],
  ['swallow', '', 1],
  ['cut', '', 2],
  ['cut after hello', '', 2],
  [502, '/behind/a/prefix', 1],
]

it.concurrent.each(FATES)('upgrades that end in %s, below "%s"', async (fate, prefix, attempts) => {
  await behind(prefix, fate, async (box, agent) => {
    agent.observe(50)
    await agent.delivered()
    expect(agent.uplink.status()).toMatchObject({ url: box.url, transport: 'exchange', state: 'connected' })
    expect(box.upgrades).toEqual(Array(attempts).fill(`${prefix}/agent/v1/connect`))
    // Tried again beside the session, and again after that, and it goes on.
    const before = await sessionsOf(agent)
    for (const times of [1, 2]) {
      agent.setAhead(LATER_MS * times)
      await until(() => box.upgrades.length === attempts + times, { what: 'another try', withinMs: 10_000 })
      agent.observe(10)
      await agent.delivered()
    }
    // That cost nothing: what was said in vain was a trial, and no hello.
    expect(await sessionsOf(agent)).toEqual(before)
    expect(box.upgrades).toHaveLength(attempts + 2)
    expect(agent.uplink.status()).toMatchObject({ transport: 'exchange', state: 'connected' })
    expect(await heldOf(agent)).toEqual(oneTo(agent.spool.condition.lastSeq))
  })
})

it.concurrent('a proxy that was mended is found out, and nothing is lost or said twice', async () => {
  await behind('/p', 400, async (box, agent) => {
    agent.observe(50)
    await agent.delivered()
    box.upgradeFate = 'pass'
    agent.setAhead(LATER_MS)
    agent.observe(20)
    await until(() => agent.uplink.status()?.transport === 'websocket', {
      what: 'a session over a WebSocket',
      withinMs: 10_000,
    })
    agent.observe(20)
    await agent.delivered()
    // The first, the trial, and the one that came about.
    expect(box.upgrades).toHaveLength(3)
    expect(await heldOf(agent)).toEqual(oneTo(91))
    const seqs = agent.links.flatMap(({ said }) =>
      said.map((text) => JSON.parse(text)).flatMap(({ kind, events }) => (kind === 'events' ? events : [])),
    )
    expect(seqs.map(({ seq }) => seq)).toEqual(oneTo(91))
  })
})

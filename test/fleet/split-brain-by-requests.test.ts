/**
 * A split brain over HTTP requests where no request waits at the centre (`holdMs` 0: serverless, or a proxy that cuts what
 * waits): it shows with the next turn of the old active, whose word it is. The agents' sessions and links are the real ones; the
 * heartbeat is shortened, and how late it is seen is told in heartbeats.
 */
import type { EventBody } from '@aloft/shared/protocol/events'
import type { RouterState } from '@aloft/shared/protocol/frames'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../control-plane/src/database/test-database.ts'
import { EXCHANGE_LIMITS } from '../../control-plane/src/gateway/exchange.ts'
import { serveReplica } from '../../control-plane/src/gateway/test-exchange.ts'
import { listVirtualRouters } from '../../control-plane/src/virtual-routers/read.ts'
import { pause, until } from '../lab/wait.ts'
import { type OneAgent, startAgent } from './one-agent.ts'

/** The real one is 30 s. */
const HEARTBEAT_MS = 2_000
/** For the requests themselves, on a machine that does other things too. */
const SLACK_MS = 4_000

let database: TestDatabase
let replica: Awaited<ReturnType<typeof serveReplica>>
const agents: OneAgent[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  const limits = { ...EXCHANGE_LIMITS, heartbeatMs: HEARTBEAT_MS }
  replica = await serveReplica(database.db, { limits, holdMs: 0 })
})
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.uplink.stop()
  await replica.stop()
  await database.close()
})

const WEB = { virtualRouter: 'web', vrid: 51, family: 'ipv4', interface: 'eth0' } as const
const SOURCES = { lb1: '192.0.2.1', lb2: '192.0.2.2' } as const
type Node = keyof typeof SOURCES

const shown = (node: Node, role: RouterState['role']): RouterState => ({
  ...WEB,
  version: 3,
  role,
  sinceWallMs: Date.now(),
  priority: 100,
  advertisementIntervalMs: 1_000,
  addresses: ['192.0.2.100'],
  active: { address: SOURCES.lb1, priority: 100 },
  source: SOURCES[node],
})

/** lb1 was no longer heard. */
const taken: EventBody = {
  ...WEB,
  kind: 'transition',
  from: 'backup',
  to: 'active',
  reason: 'no-response',
  priority: 100,
  source: SOURCES.lb2,
  heard: { address: SOURCES.lb1, priority: 200, agoMs: 3_000 },
  outageMs: 3_000,
  addresses: ['192.0.2.100/24'],
}

async function start(node: Node, role: () => RouterState['role']): Promise<OneAgent> {
  const { url } = replica
  const agent = await startAgent(database.db, node, {
    url,
    rule: 'exchange',
    routers: () => [shown(node, role())],
  })
  agents.push(agent)
  agent.observe(1)
  await agent.delivered()
  return agent
}

const state = async () =>
  (await listVirtualRouters(database.db, { reach: 'everywhere', limit: 1 })).items[0]?.state
const askedAtMs = async () =>
  (await database.sql`select sent_at_ms from commands where kind = 'report'`)[0]?.['sent_at_ms'] ?? null

const beatsOf = ({ links }: OneAgent) =>
  links.flatMap(({ said }) => said).filter((text) => JSON.parse(text).kind === 'heartbeat').length

it('shows with the next turn of the old active, a heartbeat later at most; that turn asks it too', async () => {
  let role: RouterState['role'] = 'backup'
  const old = await start('lb1', () => 'active')
  const peer = await start('lb2', () => role)
  await until(async () => (await state()) === 'served', { what: 'it to be served', withinMs: 10_000 })
  // Its first heartbeat follows the session at once; from the one after it on they are regular.
  await pause(HEARTBEAT_MS)

  role = 'active'
  const beatsBefore = beatsOf(old)
  const beganAtMs = performance.now()
  peer.spool.observe({ wallMs: Date.now(), monoMs: performance.now(), bootId: 'boot' }, taken)
  await peer.delivered()
  expect(await state(), 'what the old active holds is not known, so it is not guessed').toBe('served')
  let asked = false
  await until(
    async () => {
      asked = (await askedAtMs()) !== null
      return (await state()) === 'split-brain'
    },
    { what: 'the split brain to show', withinMs: HEARTBEAT_MS + SLACK_MS },
  )
  expect(asked).toBe(true)
  expect(performance.now() - beganAtMs).toBeLessThan(HEARTBEAT_MS + SLACK_MS)
  // However slow the machine is: the first turn it took since is the one.
  expect(beatsOf(old) - beatsBefore).toBeLessThanOrEqual(1)
  // Hence the figure of decision 0022.
  expect(EXCHANGE_LIMITS.heartbeatMs).toBe(30_000)
})

/** The real gateway and application, with a strict reader of figures and a strict collector at the other end. */
import { readExposition } from '@aloft/shared/metrics/strict-reader.fixture'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lonelyBus } from '../bus/lonely-bus.fixture.ts'
import {
  enrolNode,
  link,
  SILENT,
  startTestGateway,
  TestAgent,
  type TestGateway,
  transition,
  until,
} from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { parseOtlpEndpoint, parseOtlpHeaders } from './otlp.ts'
import { type ReceivedLog, startTestCollector, type TestCollector } from './otlp-receiver.fixture.ts'
import { startTelemetry, type Telemetry } from './telemetry.ts'

let collector: TestCollector
let telemetry: Telemetry
let app: TestApplication
let rig: TestGateway
const said: string[] = []
const bus = lonelyBus()

beforeEach(async () => {
  said.length = 0
  collector = await startTestCollector()
  const note = (_facts: object, message: string) => void said.push(message)
  telemetry = startTelemetry({
    ...{ bus, replica: 'r1', version: '1.2.3', log: { info: note, warn: note } },
    otlp: { endpoint: collector.endpoint, headers: { 'x-key': 'k1' } },
    queue: { waitingMax: 500, lingerMs: 20, retryMs: 20 },
  })
  app = await startTestApplication({ telemetry })
  rig = await startTestGateway(app.database.db, {
    committed: telemetry.committed,
    log: SILENT,
    replica: 'r1',
  })
})
afterEach(async () => {
  await rig.stop()
  await telemetry.stop()
  await app.close()
  await collector.stop()
  expect(collector.faults).toEqual([])
})

async function connect(node = 'lb1') {
  const identity = await enrolNode(app.database.db, 'oslo', node)
  const agent = new TestAgent(rig.url)
  await agent.open(identity)
  return { agent, identity }
}
const attributes = ({ attributes: list }: Pick<ReceivedLog, 'attributes'>) =>
  Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]))
const figuresNow = async () => readExposition(await (await app.fetch('/metrics')).text())
const figure = async (name: string, labels: Record<string, string> = {}) =>
  (await figuresNow()).find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
  )?.value

it('figures are what happened, in the format and the conventions of Prometheus', async () => {
  const { agent, identity } = await connect()
  const occurred = Date.now() - 250
  const late = transition(1, { atMs: occurred })
  agent.send({ kind: 'events', epoch: 'epoch-1', events: [late, link(2), link(3)] })
  await agent.acked(3)
  agent.send({
    ...{ kind: 'heartbeat', sentWallMs: Date.now(), spoolBacklog: 42, routerAlive: true },
    clock: { offsetMs: 0, errorMs: 1 },
  })
  await until('the backlog is known', async () => (await figure('aloft_spool_backlog_events')) === 42)
  expect(await figure('aloft_ingest_events_total')).toBe(3)
  expect(await figure('aloft_ingest_batches_total', { outcome: 'held' })).toBe(1)
  expect(await figure('aloft_ingest_receipt_to_commit_seconds_count')).toBe(1)
  expect(await figure('aloft_ingest_receipt_to_commit_seconds', { quantile: '0.99' })).toBeLessThan(5)
  const fromOccurrence = await figure('aloft_ingest_occurrence_to_commit_seconds', { quantile: '0.99' })
  expect(fromOccurrence).toBeGreaterThan(0.2)
  expect(fromOccurrence).toBeLessThan(10)
  expect(await figure('aloft_spool_backlog_worst_events', { site: 'oslo', node: identity.node })).toBe(42)
  expect(await figure('aloft_sessions', { replica: 'r1' })).toBe(1)
  expect(await figure('aloft_replicas')).toBe(1)
  expect(await figure('aloft_event_partitions')).toBeGreaterThan(0)
  expect(await figure('aloft_bus_up')).toBe(0)
  expect(await figure('aloft_otlp_dropped_total', { signal: 'logs' })).toBe(0)
  const command = {
    method: 'POST',
    body: '{"kind":"report"}',
    headers: { 'content-type': 'application/json' },
  }
  // To somebody who is not there: whoever is may be sent it, and answer, before the figures are read.
  const absent = await enrolNode(app.database.db, 'oslo', 'absent')
  await app.fetch(`/api/v1/agents/${absent.agentId}/commands`, command)
  expect(await figure('aloft_commands', { kind: 'report', outcome: 'waiting' })).toBe(1)
  await agent.close()
})

it('names the ten agents with the most to deliver, and counts the others', async () => {
  for (let i = 1; i <= 12; i++) {
    const { agentId } = await enrolNode(app.database.db, 'oslo', `n${i}`)
    await app.database
      .sql`insert into agent_sessions (agent_id, session_id, generation, replica, boot_id, run_id,
      connected_at_ms, last_seen_at_ms, spool_backlog) values (${agentId}, 's', 1, 'r1', 'b', 'r', 1, 1, ${i})`
  }
  const worst = (await figuresNow()).filter(({ name }) => name === 'aloft_spool_backlog_worst_events')
  expect(worst.map(({ value }) => value)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3])
  expect(await figure('aloft_spool_backlog_events')).toBe(78)
  expect(await figure('aloft_spool_backlog_agents')).toBe(12)
})

it('exports events as logs, each with its id, its times and its severity', async () => {
  const { agent, identity } = await connect()
  const gap = {
    ...link(2),
    body: {
      kind: 'gap' as const,
      cause: 'spool-overflow' as const,
      count: 3,
      fromWallMs: null,
      toWallMs: null,
    },
  }
  const first = transition(1, { to: 'active', reason: 'no-response', outageMs: 361.5 })
  agent.send({ kind: 'events', epoch: 'epoch-1', events: [first, gap] })
  await agent.acked(2)
  await until('they arrived', async () => collector.logs.length === 2)
  const [one, two] = collector.logs
  if (one === undefined || two === undefined) throw new Error('no logs')
  expect(attributes(one)).toMatchObject({
    'aloft.event.id': `${identity.agentId}/epoch-1/1`,
    'aloft.agent.id': identity.agentId,
    'aloft.event.virtual_router': 'web',
    'aloft.event.vrid': '51',
    'aloft.event.outage_ms': 361.5,
  })
  expect([one.eventName, one.severityText, two.severityText]).toEqual(['aloft.transition', 'INFO', 'WARN'])
  expect(JSON.parse(Object.values(one.body)[0] as string)).toEqual(first.body)
  expect(Math.abs(Number(BigInt(one.timeUnixNano) / 1_000_000n) - first.at.wallMs)).toBeLessThan(5_000)
  expect(attributes(collector.resources[0] ?? { attributes: [] })).toEqual({
    'service.name': 'aloft',
    'service.version': '1.2.3',
    'service.instance.id': 'r1',
  })
  expect(collector.headers[0]?.['x-key']).toBe('k1')
  await agent.close()
})

it('exports requests and ingest as spans; a request goes on with the trace of who asks', async () => {
  const { agent } = await connect()
  agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(1)] })
  await agent.acked(1)
  const traceId = `${'a'.repeat(31)}b`
  const headers = { traceparent: `00-${traceId}-00000000000000c1-01`, 'x-request-id': 'mine-7' }
  await app.fetch('/api/v1/agents?limit=1', { headers })
  await app.fetch('/api/v1/agents/nobody', { headers: { traceparent: '00-nonsense' } })
  await until('they arrived', async () => collector.spans.length >= 3)
  expect(collector.spans.map(({ name }) => name)).toContain('GET /api/v1/agents')
  const span = (name: string) => collector.spans.find((one) => one.name === name)
  expect(span('ingest')).toMatchObject({ kind: 1, status: { code: 0 } })
  expect(span('GET /api/v1/agents')).toMatchObject({ kind: 2, traceId, parentSpanId: '00000000000000c1' })
  const missing = span('GET /api/v1/agents/:id')
  expect(missing?.parentSpanId).toBeUndefined()
  expect(attributes(missing ?? { attributes: [] })).toMatchObject({ 'http.response.status_code': '404' })
  await agent.close()
})

it.each([['hang'], [503]] as const)(
  'a collector that answers with %s slows nothing; what does not fit is dropped, counted and said',
  async (mood) => {
    collector.mood = mood
    const { agent } = await connect()
    const began = performance.now()
    for (let i = 0; i < 4; i++) {
      const events = Array.from({ length: 400 }, (_, k) => link(400 * i + k + 1))
      agent.send({ kind: 'events', epoch: 'epoch-1', events })
    }
    await agent.acked(1_600)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(await figure('aloft_otlp_dropped_total', { signal: 'logs' })).toBeGreaterThan(1_000)
    expect(await figure('aloft_otlp_waiting', { signal: 'logs' })).toBeLessThanOrEqual(500)
    expect(said.join('\n')).toContain('events are dropped')
    await agent.close()
    // Who hangs is given up on by its own patience; here it comes back to life instead.
    collector.mood = 'good'
  },
  60_000,
)

it('is exported once the collector is there again, as much as was kept', async () => {
  collector.mood = 503
  const { agent } = await connect()
  agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(2)] })
  await agent.acked(2)
  await until('it was refused', async () => said.some((line) => line.includes('takes no events now')))
  collector.mood = 'good'
  await until('they arrived', async () => collector.logs.length === 2)
  await until('it says so', async () => said.some((line) => line.includes('takes events again')))
  expect(await figure('aloft_otlp_exported_total', { signal: 'logs' })).toBe(2)
  await agent.close()
})

it('what a collector refuses for ever is dropped, and not sent again', async () => {
  collector.mood = 400
  const { agent } = await connect()
  agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(1)] })
  await agent.acked(1)
  await until(
    'it is dropped',
    async () => (await figure('aloft_otlp_dropped_total', { signal: 'logs' })) === 1,
  )
  expect(await figure('aloft_otlp_waiting', { signal: 'logs' })).toBe(0)
  await agent.close()
})

it.each(['', 'collector:4318', 'ftp://a', 'http//a'])('%j is no endpoint', (text) =>
  expect(() => parseOtlpEndpoint(text)).toThrow(RangeError),
)

it('headers are read as the environment of OpenTelemetry has them', () => {
  expect(parseOtlpHeaders('a=1, api-key = x%3Dy ')).toEqual({ a: '1', 'api-key': 'x=y' })
  expect(() => parseOtlpHeaders('nonsense')).toThrow(RangeError)
})

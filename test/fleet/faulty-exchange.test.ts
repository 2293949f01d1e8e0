/**
 * An agent on the exchange, and each thing that can go wrong with each of its requests, for a while: how its session
 * ends, that it does not ask in a frenzy, and that afterwards the centre holds every event once.
 */
import { readFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../bench/certificate.ts'
import { pause, until } from '../lab/wait.ts'
import { type Errand, FAULTS, type FaultName, narrow, startFaultyExchange } from './faulty-exchange.ts'
import { type InProcessCentre, startInProcess } from './in-process-centre.ts'
import { type OneAgent, startAgent } from './one-agent.ts'

/** How long it goes wrong, and how long an answer may take. */
const WRONG_MS = 1_200
const TURN_MS = 1_000
/** Faults that nothing but a turn's own deadline ends; others must not meet it on a busy machine. */
const OF_SILENCE: readonly FaultName[] = [
  'never answers',
  'carries it out and never answers',
  'answers a byte at a time',
]
/** Agents at once: each waits most of its time, but so much at once is a load that is a fault of its own. */
const AT_ONCE = 20
/** An attempt is an opening, a hello and a turn; the waits between grow from nothing to a second, two, four. */
const REQUESTS_MAX = 30

const ERRANDS = ['open', 'hello', 'turn', 'hold'] as const
const NAMES = Object.keys(FAULTS) as FaultName[]
/** What breaks a request that only waits is all the same to the session: a few of each sort. */
const OF_HOLDS: readonly FaultName[] = [
  'answers 403',
  'answers 503 until now',
  'redirects elsewhere',
  'shows a page to sign in',
  'resets the connection',
  'cuts the answer in the middle',
  'never stops answering',
  'never answers',
]
/** A hello differs from an opening in what is lost with its answer. */
const OF_HELLOS: readonly FaultName[] = [
  ...OF_HOLDS,
  'answers 413',
  'answers 503',
  'speaks no HTTP',
  'loses the answer',
  'ends the answer in the middle',
  'carries it out and never answers',
  'answers a byte at a time',
  'carries it out twice',
  'gives the answer before it',
]
const namesFor = (errand: Errand) => (errand === 'hold' ? OF_HOLDS : errand === 'hello' ? OF_HELLOS : NAMES)

/** How sessions end of it: by close code; `stands`: not at all. */
const NOT_AT_ALL = 'stands'
type Ending = number | typeof NOT_AT_ALL

const FAR_FROM_CENTRE = 1006
/** Where it is another than 1006 for whatever is answered wrongly. */
const ENDINGS: Partial<Record<FaultName, Partial<Record<Errand, Ending>> | Ending>> = {
  'answers 401': 4001,
  'answers 403': 4001,
  'answers 413': 1009,
  'answers 429': { turn: NOT_AT_ALL },
  'answers 503': { turn: NOT_AT_ALL },
  'answers 503 and does not say until when': { turn: NOT_AT_ALL },
  'answers 503 until now': { turn: NOT_AT_ALL },
  'carries it out twice': NOT_AT_ALL,
  // There is none before an opening; a challenge is no welcome; and acks that come again say nothing new.
  'gives the answer before it': { open: FAR_FROM_CENTRE, hello: 1002, turn: NOT_AT_ALL },
}

function expected(errand: Errand, name: FaultName): Ending {
  if (errand === 'hold') return NOT_AT_ALL
  const told = ENDINGS[name] ?? FAR_FROM_CENTRE
  return typeof told === 'object' ? (told[errand] ?? FAR_FROM_CENTRE) : told
}

interface Outcome {
  readonly endings: readonly Ending[]
  readonly requests: number
  readonly strays: number
  /** In words. */
  readonly ends: readonly string[]
  readonly held: readonly number[]
  readonly observed: number
  /** Sessions the centre opened. */
  readonly sessions: number
  /** Sockets left half a second after the agent stopped. */
  readonly left: number
}

let centre: InProcessCentre
/** Or why there is none. */
const outcomes = new Map<string, Outcome | string>()
const keyOf = (errand: Errand, name: FaultName) => `${errand} ${name}`

beforeAll(async () => {
  centre = await startInProcess()
  const cases = ERRANDS.flatMap((errand) => namesFor(errand).map((name) => ({ errand, name })))
  const next = async (): Promise<void> => {
    const one = cases.shift()
    if (one === undefined) return
    const outcome = await suffer(one.errand, one.name).catch((error: unknown) => String(error))
    outcomes.set(keyOf(one.errand, one.name), outcome)
    return next()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next))
})
afterAll(() => centre.stop())

async function suffer(errand: Errand, name: FaultName): Promise<Outcome> {
  const way = await startFaultyExchange(centre.plane.port)
  const fault = { on: errand, does: FAULTS[name] }
  if (errand !== 'turn') way.fault = fault
  const node = keyOf(errand, name).toLowerCase().replace(/\W+/g, '-')
  const patience = OF_SILENCE.includes(name) ? { turnMs: TURN_MS } : {}
  const agent = await startAgent(centre.database.db, node, { url: way.url, rule: 'exchange', ...patience })
  try {
    agent.observe(20)
    if (errand === 'turn' || errand === 'hold') await agent.delivered()
    way.fault = fault
    const before = way.asked.length
    await withEvents(agent, WRONG_MS)
    way.fault = null
    const requests = way.asked.length - before
    const ended = agent.links.flatMap(({ ended }) => ended?.code ?? [])
    const ends = agent.links.flatMap(({ ended }) => ended?.reason ?? [])
    agent.observe(20)
    await agent.delivered()
    const held = await heldOf(agent)
    const sessions = await sessionsOf(agent)
    agent.uplink.stop()
    await until(() => way.connections() === 0, { what: 'connections to end', withinMs: 3_000 }).catch(
      () => {},
    )
    return {
      endings: ended.length === 0 ? [NOT_AT_ALL] : [...new Set(ended)],
      ...{ requests, strays: way.strays, ends, held, sessions },
      observed: agent.spool.condition.lastSeq,
      left: way.connections(),
    }
  } finally {
    agent.uplink.stop()
    await way.close()
  }
}

async function withEvents(agent: OneAgent, forMs: number): Promise<void> {
  for (const end = performance.now() + forMs; performance.now() < end; await pause(100)) agent.observe(2)
}

const heldOf = async ({ agentId }: OneAgent) =>
  (await centre.database.sql`select seq::int from events where agent_id = ${agentId} order by seq`).map(
    ({ seq }) => seq,
  )
const sessionsOf = async ({ agentId }: OneAgent) =>
  Number(
    (await centre.database.sql`select generation from agent_sessions where agent_id = ${agentId}`)[0]?.[
      'generation'
    ],
  )
const oneTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

describe.each(ERRANDS)('an exchange whose %s', (errand) => {
  it.each(namesFor(errand))('%s', (name) => {
    const outcome = outcomes.get(keyOf(errand, name))
    if (outcome === undefined || typeof outcome === 'string') throw new Error(outcome)
    expect(outcome.endings, outcome.ends.join('; ')).toEqual([expected(errand, name)])
    expect(outcome.held).toEqual(oneTo(outcome.observed))
    expect(outcome.requests).toBeLessThan(REQUESTS_MAX)
    expect(outcome).toMatchObject({ strays: 0, left: 0 })
  })
})

describe('a way to the centre', () => {
  /** What becomes of an agent in a little while. */
  async function attemptsAt(url: string, node: string) {
    const agent = await startAgent(centre.database.db, node, { url, rule: 'exchange' })
    await withEvents(agent, WRONG_MS)
    agent.uplink.stop()
    expect(agent.links.length).toBeLessThan(REQUESTS_MAX)
    return [...new Set(agent.links.flatMap(({ ended }) => (ended?.by === 'link' ? ended : [])))]
  }

  it.concurrent('that has no name in the DNS is asked for again in time', async () => {
    const [end] = await attemptsAt('http://centre.invalid', 'no-name')
    expect(end).toMatchObject({ code: 1006, reason: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) })
  })

  it.concurrent('that shows a certificate nobody trusts is told nothing', async () => {
    const certificate = makeCertificate()
    let asked = 0
    const files = { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }
    const server = https.createServer(files, () => {
      asked += 1
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const [end] = await attemptsAt(`https://127.0.0.1:${port}`, 'not-trusted')
    expect(end).toMatchObject({ code: 1006, reason: expect.stringMatching(/self-signed certificate/) })
    expect(asked).toBe(0)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    certificate.remove()
  })

  it.concurrent('that is barred is left for another one', async () => {
    const [barred, free] = [
      await startFaultyExchange(centre.plane.port),
      await startFaultyExchange(centre.plane.port),
    ]
    barred.fault = { on: 'open', does: FAULTS['answers 403'] }
    const agent = await startAgent(centre.database.db, 'barred', {
      url: `${barred.url},${free.url}`,
      ...{ rule: 'exchange', random: () => 0 },
    })
    agent.observe(10)
    await agent.delivered()
    expect([barred.asked, agent.uplink.status().url]).toEqual([['open'], free.url])
    agent.uplink.stop()
    await barred.close()
    await free.close()
  })

  it.concurrent('that is too narrow for what there is to say is said less at once', async () => {
    const way = await startFaultyExchange(centre.plane.port)
    const agent = await startAgent(centre.database.db, 'narrow', {
      url: way.url,
      rule: 'exchange',
    })
    await agent.delivered()
    // A batch of five hundred is some 65 kB; several of them share a request.
    way.fault = { on: 'turn', does: narrow(100_000) }
    agent.observe(3_000)
    await agent.delivered()
    expect(
      agent.links.map(({ ended }) => ended),
      'fewer batches in a request',
    ).toEqual([null])
    way.fault = { on: 'turn', does: narrow(40_000) }
    agent.observe(1_000)
    await agent.delivered()
    expect(agent.links.flatMap(({ ended }) => ended?.code ?? [])).toEqual([1009, 1009, 1009])
    expect(await heldOf(agent)).toEqual(oneTo(4_000))
    agent.uplink.stop()
    await way.close()
  })
})

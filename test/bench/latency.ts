/**
 * How long a transition takes from the moment a router observed it until its row is committed (the acknowledgement is
 * back at the agent: a little later than the commit) and until a follower of the stream has it. The observing agent
 * has a real spool on disk, so its fdatasync is in the figures; once idle, and once while a fleet reports 5,000 events a second.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { EventBody } from '@aloft/shared/protocol/events'
import { openSpool, type Spool } from '../../agent/src/node/spool.ts'
import { followStream, type StreamMessage } from '../end-to-end/stream-follower.ts'
import { startFleetProcess } from '../fleet/fleet-in-process.ts'
import { enrolPlainFleet, type PlainAgent } from '../fleet/plain-fleet.ts'
import { startReplicas } from '../fleet/replicas.ts'
import { pause, until } from '../lab/wait.ts'
import { median, quantile } from './figures.ts'
import type { BenchOptions, BenchResult } from './main.ts'

const IDLE_P99_MS = 50
const LOADED_P99_MS = 250
const EVENTS_PER_SECOND = 5_000
const AGENTS = 500
/** A transition that takes longer missed its promise, and so many of them are enough to know. */
const GIVE_UP_MS = 3_000
const GIVEN_UP_MAX = 10

interface Delays {
  readonly transitions: number
  /** Those that were not there after three seconds. */
  readonly givenUp: number
  readonly rowMs: Figures
  readonly streamMs: Figures
}

interface Figures {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export async function benchLatency({ quick, runs, say }: BenchOptions): Promise<BenchResult> {
  const count = runs ?? (quick ? 60 : 400)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-latency-'))
  const replicas = await startReplicas({ count: 1 })
  const fleet = await startFleetProcess()
  const url = `http://127.0.0.1:${replicas.ports()[0]}`
  const { address } = replicas.postgres
  const probe = await startProbe({ address, url, folder })
  const messages: StreamMessage[] = []
  const unfollow = await followStream({ url, token: replicas.adminToken }, messages)
  try {
    await fleet.obey({ do: 'enrol', address, url, count: AGENTS })
    await fleet.obey({ do: 'connect', withinMs: 60_000 })
    const field: Field = { probe, messages, count }
    await measure({ ...field, count: 5 })
    const idle = await measure(field)
    say(`idle: ${JSON.stringify(idle)}`)
    await fleet.obey({ do: 'pace', eventsPerSecond: EVENTS_PER_SECOND })
    await pause(1_000)
    const beganMs = performance.now()
    const loaded = await measure(field)
    const tookS = (performance.now() - beganMs) / 1_000
    const { paced = 0, tookMs = Number.NaN } = await fleet.obey({ do: 'rest' })
    const rate = paced / (tookS + 1)
    say(
      `at ${rate.toFixed(0)} events/s: ${JSON.stringify(loaded)}, all held ${tookMs.toFixed(0)} ms after the last`,
    )
    const isWithin = ({ rowMs, streamMs }: Delays, p99: number) => rowMs.p99 <= p99 && streamMs.p99 <= p99
    return {
      bench: 'latency',
      // A fleet that could not keep its pace would make the figures look better than they are.
      ok: isWithin(idle, IDLE_P99_MS) && isWithin(loaded, LOADED_P99_MS) && rate >= 0.95 * EVENTS_PER_SECOND,
      figures: { idle, loaded, eventsPerSecond: rate, backlogMs: tookMs },
      peer: null,
    }
  } finally {
    unfollow()
    probe.uplink.stop()
    await probe.spool.close()
    await fleet.end()
    await replicas.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Probe = PlainAgent<Spool>

async function startProbe(at: {
  readonly address: Parameters<typeof enrolPlainFleet>[0]['address']
  readonly url: string
  readonly folder: string
}): Promise<Probe> {
  const observed = () => ({ wallMs: Date.now(), monoMs: performance.now(), bootId: 'boot-1' })
  const spool = await openSpool({
    directory: path.join(at.folder, 'spool'),
    wallMs: Date.now,
    observed,
    log: () => {},
  })
  const [probe] = await enrolPlainFleet({ ...at, count: 1, spoolOf: () => spool })
  if (probe === undefined) throw new Error('no probe')
  probe.uplink.start()
  probe.uplink.routerIs(true)
  await until(() => probe.uplink.isLive, { what: 'the probe to be connected', withinMs: 30_000 })
  return probe
}

interface Field {
  readonly probe: Probe
  readonly messages: StreamMessage[]
  readonly count: number
}

/** One transition after the other, at random instants. */
async function measure({ probe, messages, count }: Field): Promise<Delays> {
  const row: number[] = []
  const stream: number[] = []
  let givenUp = 0
  for (let i = 0; i < count && givenUp < GIVEN_UP_MAX; i++) {
    await pause(40 + Math.random() * 60)
    messages.length = 0
    const marker = randomUUID()
    const beganMs = performance.now()
    await probe.spool.append([
      {
        at: { wallMs: Date.now(), monoMs: beganMs, bootId: marker },
        body: transition(i % 2 === 0),
        from: null,
      },
    ])
    const { lastSeq } = probe.spool.condition
    const isThere = lookFor(messages, marker)
    const take = { row: null as number | null, stream: null as number | null }
    const deadlineMs = beganMs + GIVE_UP_MS
    while ((take.row === null || take.stream === null) && performance.now() < deadlineMs) {
      if (take.row === null && probe.spool.condition.heldSeq >= lastSeq)
        take.row = performance.now() - beganMs
      if (take.stream === null && isThere()) take.stream = performance.now() - beganMs
      await pause(1)
    }
    if (take.row === null || take.stream === null) givenUp += 1
    row.push(take.row ?? Number.POSITIVE_INFINITY)
    stream.push(take.stream ?? Number.POSITIVE_INFINITY)
  }
  return { transitions: row.length, givenUp, rowMs: figuresOf(row), streamMs: figuresOf(stream) }
}

/** Looks at each message once: there are thousands a second, and what looks must not be what is measured. */
function lookFor(messages: readonly StreamMessage[], marker: string): () => boolean {
  let seen = 0
  return () => {
    while (seen < messages.length) {
      const message = messages[seen++]
      if (message?.event === 'event' && JSON.stringify(message.data).includes(marker)) return true
    }
    return false
  }
}

function figuresOf(values: readonly number[]): Figures {
  return { p50: median(values), p99: quantile(values, 0.99), max: Math.max(...values) }
}

function transition(becomesActive: boolean): EventBody {
  return {
    kind: 'transition',
    virtualRouter: 'web',
    vrid: 51,
    family: 'ipv4',
    interface: 'eth0',
    from: becomesActive ? 'backup' : 'active',
    to: becomesActive ? 'active' : 'backup',
    reason: becomesActive ? 'no-response' : 'higher-priority-backup',
    priority: 200,
    heard: { address: '192.0.2.2', priority: 150, agoMs: 321.5 },
    source: '192.0.2.1',
    outageMs: becomesActive ? 322.25 : null,
    addresses: ['192.0.2.100/24'],
  }
}

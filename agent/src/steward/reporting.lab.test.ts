import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RouterStatus } from '../router/contract.ts'
import { type Centre, startCentre, WELL_BEHAVED } from './centre.fixture.ts'
import { openReporting, type ReportingOptions } from './reporting.ts'
import type { Reporting } from './reporting-contract.ts'
import type { SpoolStatus, UplinkStatus } from './status-contract.ts'

let root = ''
let written = 0
let logged: string[] = []
let reporting: Reporting | null = null
let centre: Centre | null = null

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'aloft-reporting-'))
  mkdirSync(path.join(root, 'journal'))
  written = 0
  logged = []
})
afterEach(async () => {
  await reporting?.stop()
  await centre?.stop()
  reporting = null
  centre = null
  rmSync(root, { recursive: true, force: true })
})

function socketPath(): string {
  return path.join(root, 'centre.sock')
}

/** What a router would append; `wallMs` numbers the events, to recognise them at the centre. */
function observe(count: number): void {
  let text = ''
  for (let i = 0; i < count; i++) {
    written += 1
    const at = { wallMs: written, monoMs: written, bootId: 'boot' }
    text += `${JSON.stringify({ n: written, at, body: { kind: 'link', interface: `eth${written}`, up: true } })}\n`
  }
  appendFileSync(path.join(root, 'journal', 'r-1.jsonl'), text)
  reporting?.journalGrew()
}

async function report(over: Partial<ReportingOptions> = {}): Promise<Reporting> {
  reporting = await openReporting({
    stateDir: root,
    controlPlane: `unix:${socketPath()}`,
    enrolmentToken: 'good',
    runId: 'steward',
    node: 'lb1',
    config: { ...AGENT_DEFAULTS, node: 'lb1', virtualRouters: [] },
    observe: () => {},
    router: { isConnected: () => true, status: async () => routerStatus },
    log: (text) => logged.push(text),
    ...over,
  })
  return reporting
}

async function until(what: string, isSo: () => boolean, withinMs = 20_000): Promise<void> {
  for (const end = Date.now() + withinMs; !isSo(); ) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}\n${logged.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function uplink(): UplinkStatus {
  const status = reporting?.status().uplink
  if (!status) throw new Error('no uplink status')
  return status
}

function spool(): SpoolStatus {
  const status = reporting?.status().spool
  if (!status) throw new Error('no spool status')
  return status
}

/** Every event once, in order, whatever happened: the promise. */
async function arrived(at: Centre): Promise<void> {
  await until(
    `all ${written} events at the centre, which has ${at.held.size}`,
    () => spool().lastSeq >= written && spool().backlog === 0,
  )
  const seqs = [...at.held.keys()].sort((a, b) => a - b)
  expect(seqs).toEqual(Array.from({ length: written }, (_, i) => i + 1))
  expect(seqs.map((seq) => at.held.get(seq)?.at.wallMs)).toEqual(seqs)
  expect(at.conflicts).toEqual([])
}

const routerStatus: RouterStatus = {
  runId: 'r',
  pid: 1,
  startedWallMs: 0,
  revision: null,
  realtime: { policy: 'other', detail: null, spinLimitMs: null },
  lateness: { maxMs: 0, lastMinuteMaxMs: 0, p99Ms: 0 },
  stalls: { count: 0, longestMs: 0 },
  journal: { waiting: 0, lost: 0, error: null },
  inputErrors: 0,
  holdingFailures: [],
  findings: [],
  discards: [],
  virtualRouters: [
    {
      virtualRouter: 'web',
      vrid: 51,
      family: 'ipv4',
      interface: 'eth0',
      version: 3,
      role: 'active',
      sinceWallMs: 5,
      priority: 100,
      advertisementIntervalMs: 1_000,
      addresses: ['192.0.2.100/24'],
      active: null,
      counters: {
        advertisementsSent: 0,
        advertisementsReceived: 0,
        sendErrors: 0,
        becameActive: 0,
        checksumWithPseudoHeader: 0,
        checksumMessageOnly: 0,
        firstAddressNotLinkLocal: 0,
      },
    },
  ],
}

describe('enrolment', () => {
  it('makes a key, redeems the token, keeps the identity private, and does not need the token again', async () => {
    centre = await startCentre(socketPath())
    await report()
    await until('a connection', () => uplink().state === 'connected')
    const file = path.join(root, 'identity.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      enrolment: { agentId: 'agent-1', site: 'lab' },
    })
    await reporting?.stop()
    await report({ enrolmentToken: null })
    await until('a connection', () => uplink().state === 'connected')
    expect(centre.enrolments).toHaveLength(1)
  })

  it('asks again with the same key when the first answer did not arrive', async () => {
    await report()
    await until('an attempt', () => uplink().detail !== null)
    expect(uplink()).toMatchObject({
      state: 'connecting',
      detail: expect.stringMatching(/^cannot enrol yet: .*ENOENT/),
    })
    const before = JSON.parse(readFileSync(path.join(root, 'identity.json'), 'utf8'))
    expect(before.enrolment).toBe(null)
    centre = await startCentre(socketPath())
    await until('a connection', () => uplink().state === 'connected')
    const after = JSON.parse(readFileSync(path.join(root, 'identity.json'), 'utf8'))
    expect(after.privateKey).toBe(before.privateKey)
  })

  it('says what the centre said of a token it refuses, and does not ask again soon', async () => {
    centre = await startCentre(socketPath())
    await report({ enrolmentToken: 'spent' })
    await until('a refusal', () => uplink().state === 'refused')
    expect(uplink().detail).toBe('enrolment refused: this enrolment token was revoked')
    expect(logged).toContain('enrolment refused: this enrolment token was revoked')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(centre.enrolments).toHaveLength(1)
  })

  it('without identity and token says what to do, and keeps what is observed', async () => {
    await report({ enrolmentToken: null })
    observe(3)
    await until('events in the spool', () => spool().lastSeq === 3)
    expect(uplink()).toMatchObject({
      state: 'not-enrolled',
      detail: expect.stringMatching(/aloft token create --site SITE.*--enrolment-token TOKEN/),
    })
  })

  it('does not touch an identity it cannot read, and names the file', async () => {
    writeFileSync(path.join(root, 'identity.json'), '{"version":1')
    await report()
    await until('a verdict', () => uplink().state === 'not-enrolled')
    expect(uplink().detail).toMatch(/identity\.json cannot be used .*enrol anew/)
    expect(readFileSync(path.join(root, 'identity.json'), 'utf8')).toBe('{"version":1')
  })

  it.each([
    ['ftp://centre', /expected https:\/\/HOST/],
    ['unix:relative', /absolute path/],
    ['https://user:secret@centre', /only a host/],
  ])('refuses %s as an address', async (controlPlane, message) => {
    await expect(report({ controlPlane })).rejects.toThrow(message)
  })

  it('warns of plain http', async () => {
    await report({ controlPlane: 'http://centre.invalid', enrolmentToken: null })
    expect(logged).toContainEqual(expect.stringMatching(/^warning: http:\/\/centre.invalid is plain http/))
  })
})

describe('a session', () => {
  it('shows the router, then tells everything, then stays in touch', async () => {
    centre = await startCentre(socketPath())
    observe(1_234)
    await report()
    await arrived(centre)
    const kinds = centre.frames.map(({ kind }) => kind)
    expect(kinds.slice(0, 4)).toEqual(['hello', 'snapshot', 'synced', 'heartbeat'])
    const snapshot = centre.frames.find(({ kind }) => kind === 'snapshot')
    expect(snapshot).toMatchObject({ routers: [{ virtualRouter: 'web', role: 'active' }] })
    expect(JSON.stringify(snapshot)).not.toContain('counters')
    await until(
      'a measured clock',
      () => centre?.frames.some((f) => f.kind === 'heartbeat' && f.clock !== null) ?? false,
    )
  })

  it('shows the router anew when a backup hears another active, and only then', async () => {
    centre = await startCentre(socketPath())
    const [web] = routerStatus.virtualRouters
    if (web === undefined) throw new Error('the fixture has a router')
    let hears: string | null = null
    const status = async (): Promise<RouterStatus> => ({
      ...routerStatus,
      virtualRouters: [
        { ...web, role: 'backup', active: hears === null ? null : { address: hears, priority: 200 } },
      ],
    })
    await report({ router: { isConnected: () => true, status } })
    const beats = () => centre?.frames.filter(({ kind }) => kind === 'heartbeat').length ?? 0
    const shown = () =>
      centre?.frames.flatMap((frame) =>
        frame.kind === 'snapshot' ? (frame.routers ?? []).map(({ active }) => active?.address ?? null) : [],
      )
    await until('four heartbeats', () => beats() >= 4)
    expect(shown()).toEqual([null])
    hears = '192.0.2.1'
    await until('another snapshot', () => shown()?.length === 2)
    const before = beats()
    await until('four more', () => beats() >= before + 4)
    expect(shown()).toEqual([null, '192.0.2.1'])
  })

  it('tells a single event within a few milliseconds, and storms in few frames', async () => {
    centre = await startCentre(socketPath())
    await report()
    await until('a connection', () => uplink().state === 'connected')
    observe(1)
    await arrived(centre)
    for (let i = 0; i < 400; i++) {
      observe(1)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await arrived(centre)
    const batches = centre.frames.filter(({ kind }) => kind === 'events').length
    expect(batches).toBeLessThan(150)
  })

  it('says that the router does not answer rather than nothing', async () => {
    centre = await startCentre(socketPath())
    await report({ router: { isConnected: () => false, status: () => new Promise(() => {}) } })
    await until('a snapshot', () => centre?.frames.some(({ kind }) => kind === 'synced') ?? false)
    expect(centre.frames.find(({ kind }) => kind === 'snapshot')).toMatchObject({ routers: null })
    expect(centre.frames.find(({ kind }) => kind === 'heartbeat')).toMatchObject({ routerAlive: false })
  })

  it('delivers what is observed until the very end of a clean stop', async () => {
    centre = await startCentre(socketPath())
    await report()
    await until('a connection', () => uplink().state === 'connected')
    centre.behaviour = { ...WELL_BEHAVED, ackDelayMs: 100 }
    observe(50)
    await reporting?.stop()
    expect(centre.held.size).toBe(50)
    // It waited for the ack, too, so that the next start has nothing to tell again.
    expect(spool().backlog).toBe(0)
  })
})

describe('whatever happens on the way', () => {
  it('goes on after the last event held when the connection is cut, again and again', async () => {
    centre = await startCentre(socketPath())
    centre.behaviour = { ...WELL_BEHAVED, cutAfterFrames: 2 }
    observe(2_500)
    await report()
    await until('a few cuts', () => (centre?.hellos.length ?? 0) >= 3)
    centre.behaviour = WELL_BEHAVED
    await arrived(centre)
    expect(centre.duplicates).toBe(0)
  })

  it('takes lost acks for what they are: the next welcome says what is held', async () => {
    centre = await startCentre(socketPath())
    centre.behaviour = { ...WELL_BEHAVED, withholdAcks: true }
    await report()
    observe(5_000)
    await until('a full window', () => centre?.held.size === 2_000)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(centre.held.size).toBe(2_000)
    centre.behaviour = WELL_BEHAVED
    centre.cut()
    await arrived(centre)
    expect(centre.duplicates).toBe(0)
  })

  it('sends again, equal to the last byte, what a centre restored from a backup lost', async () => {
    centre = await startCentre(socketPath())
    observe(3_000)
    await report()
    await arrived(centre)
    const { held: before, ...memory } = centre
    await centre.stop()
    const held = new Map([...before].filter(([seq]) => seq <= 700))
    centre = await startCentre(socketPath(), { ...memory, held })
    await until('the session with the restored centre', () => (centre?.held.size ?? 0) > 700)
    await arrived(centre)
    expect([...centre.held.values()]).toEqual([...before.values()])
  })

  it('goes back when it is told to', async () => {
    centre = await startCentre(socketPath())
    observe(100)
    await report()
    await arrived(centre)
    for (let seq = 61; seq <= 100; seq++) centre.held.delete(seq)
    centre.say(JSON.stringify({ kind: 'resume', epoch: centre.epoch, afterSeq: 60 }))
    await until('the events again', () => centre?.held.size === 100)
    expect(centre.hellos).toHaveLength(1)
    await arrived(centre)
  })

  it('sends no more than a window to a slow centre, and loses nothing to its slowness', async () => {
    centre = await startCentre(socketPath())
    centre.behaviour = { ...WELL_BEHAVED, ackDelayMs: 150 }
    observe(4_000)
    await report()
    await arrived(centre)
    expect(centre.duplicates).toBe(0)
  })

  it.each([
    'not JSON',
    '{"kind":"howdy"}',
    '{"kind":"ack","epoch":5}',
    '{"kind":"welcome"}',
    'x'.repeat(300_000),
  ])('survives garbage from the centre (%#), and comes back', async (garbage) => {
    centre = await startCentre(socketPath())
    observe(10)
    await report()
    await arrived(centre)
    centre.say(garbage)
    // Told, not seen: the first try to come back may follow within a millisecond.
    const said = /malformed|unknown kind|[Mm]ax payload/
    await until('the end of the session', () => logged.some((line) => said.test(line)))
    if (uplink().state === 'refused') return
    observe(10)
    await arrived(centre)
  })

  it('keeps what is observed while the centre is away, over a restart of its own, and tells it all', async () => {
    centre = await startCentre(socketPath())
    observe(10)
    await report()
    await arrived(centre)
    const memory = centre
    await centre.stop()
    observe(2_000)
    await until('events in the spool', () => spool().lastSeq === 2_010)
    expect(spool().backlog).toBe(2_000)
    await reporting?.stop()
    observe(500)
    await report()
    centre = await startCentre(socketPath(), memory)
    await arrived(centre)
    expect(centre.duplicates).toBe(0)
  })

  it('tells of what it had to drop while the centre was away too long, in a session that then goes on', async () => {
    centre = await startCentre(socketPath())
    await report({ spoolLimits: { segmentBytes: 20_000, unackedBytes: 100_000 } })
    await until('a connection', () => uplink().state === 'connected')
    const memory = centre
    await centre.stop()
    for (let i = 0; i < 30; i++) {
      observe(100)
      await until('events in the spool', () => spool().lastSeq >= written)
    }
    centre = await startCentre(socketPath(), memory)
    await until('the rest', () => uplink().state === 'connected' && spool().backlog === 0)
    let stood = 0
    for (const { body } of centre.held.values()) stood += body.kind === 'gap' ? (body.count ?? 0) : 1
    expect(stood).toBe(3_000)
    expect(centre.held.size).toBeLessThan(1_500)
  })

  it('is told slowly apart from who refuses it', async () => {
    centre = await startCentre(socketPath())
    centre.behaviour = { ...WELL_BEHAVED, refuseWith: CloseCode.quarantined }
    await report()
    await until('a refusal', () => uplink().state === 'refused')
    expect(uplink().detail).toBe('refused by the test (code 4004)')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(centre.hellos).toHaveLength(1)
  })
})

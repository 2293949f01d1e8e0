/** The real steward and the real control plane: who believes whom, and how keys and credentials change under way. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeIdentity, newPrivateKey, publicKeyOf, saveIdentity } from '../../agent/src/steward/identity.ts'
import { openReporting } from '../../agent/src/steward/reporting.ts'
import type { Reporting } from '../../agent/src/steward/reporting-contract.ts'
import { type ControlPlane, startControlPlane } from '../../control-plane/src/start.ts'

let root = ''
let ours: TestCentre
let theirs: TestCentre
let node = ''
let nodes = 0
let stateDir = ''
let written = 0
let logged: string[] = []
let reporting: Reporting | null = null

interface TestCentre {
  readonly plane: ControlPlane
  readonly address: string
  api(method: 'GET' | 'POST', where: string, body?: object): Promise<Record<string, unknown>>
}

async function startCentre(name: string): Promise<TestCentre> {
  const dataDir = path.join(root, name)
  const unixSocket = path.join(root, `${name}.sock`)
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const plane = await startControlPlane({
    ...{
      port: 0,
      host: '127.0.0.1',
      dataDir,
      databaseUrl: null,
      unixSocket,
      tls: null,
      bus: null,
      otlp: null,
    },
    ...{ tickToken: null, keyEncryptionKey: null, log, progress: () => {} },
  })
  const token = readFileSync(plane.adminTokenFile, 'utf8').trim()
  return {
    plane,
    address: `unix:${unixSocket}`,
    api: async (method, where, body) => {
      const headers = { authorization: `Bearer ${token}` }
      const type = { 'content-type': 'application/json' }
      const init = body && { body: JSON.stringify(body), headers: { ...headers, ...type } }
      const answer = await fetch(`${plane.url}/api/v1/${where}`, { method, headers, ...init })
      expect(answer.ok, `${method} ${where}: ${answer.status}`).toBe(true)
      return answer.json()
    },
  }
}

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'aloft-identity-'))
  // PostgreSQL, which is not root, must get through.
  chmodSync(root, 0o711)
  ;[ours, theirs] = await Promise.all([startCentre('ours'), startCentre('theirs')])
})
afterAll(async () => {
  await Promise.all([ours.plane.stop(), theirs.plane.stop()])
  rmSync(root, { recursive: true, force: true })
})
beforeEach(() => {
  node = `lb${++nodes}`
  stateDir = path.join(root, node)
  mkdirSync(path.join(stateDir, 'journal'), { recursive: true })
  written = 0
  logged = []
})
afterEach(stop)

async function stop(): Promise<void> {
  await reporting?.stop()
  reporting = null
}

/** The steward of this test's node starts, anew if it runs. */
async function start(centre = ours, enrolmentToken: string | null = null): Promise<void> {
  await stop()
  reporting = await openReporting({
    ...{ stateDir, controlPlane: centre.address, enrolmentToken, runId: 'run', node },
    config: { ...AGENT_DEFAULTS, node, virtualRouters: [] },
    observe: () => {},
    router: { isConnected: () => false, status: async () => null },
    log: (text) => logged.push(text),
  })
}

async function enrol(request: object = {}): Promise<void> {
  const { token } = await ours.api('POST', 'enrolment-tokens', { site: 'berlin', ...request })
  await start(ours, String(token))
}

/** What a router would have observed. */
function observe(): void {
  written += 1
  const at = { wallMs: Date.now(), monoMs: written, bootId: 'boot' }
  const line = { n: written, at, body: { kind: 'link', interface: `eth${written}`, up: true } }
  appendFileSync(path.join(stateDir, 'journal', 'r-1.jsonl'), `${JSON.stringify(line)}\n`)
  reporting?.journalGrew()
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await isSo()); await sleep(20))
    if (Date.now() > end)
      throw new Error(`in vain waited until ${what}\n${JSON.stringify(uplink())}\n${logged.join('\n')}`)
}

const uplink = () => reporting?.status().uplink
const connected = () => until('it is connected', () => uplink()?.state === 'connected')
const identityFile = () => path.join(stateDir, 'identity.json')
const identity = () => JSON.parse(readFileSync(identityFile(), 'utf8'))
/** As it first was with an enrolment in it: what a session brings later is not there yet. */
async function firstIdentity() {
  for (const end = Date.now() + 30_000; Date.now() < end; await immediate())
    if (existsSync(identityFile()) && identity().enrolment !== null) return identity()
  throw new Error('in vain waited until it is enrolled')
}
const write = (content: object) => writeFileSync(identityFile(), JSON.stringify(content), { mode: 0o600 })
const agentOf = async () => {
  const { items } = (await ours.api('GET', `agents?node=${node}`)) as { items: Record<string, unknown>[] }
  return items[0] ?? {}
}
const keyOf = async (centre: TestCentre) => String((await centre.api('GET', 'centre-key'))['key'])

describe('an agent that enrols', () => {
  it('pins the centre’s key and keeps its first credential', async () => {
    const first = firstIdentity()
    await enrol({ labels: { rack: '7' } })
    await connected()
    expect((await first).credential).toMatchObject({ agentId: (await first).enrolment.agentId })
    const { centre, credential, privateKey } = identity()
    expect(centre).toEqual({ key: await keyOf(ours), previous: null })
    expect(credential).toMatchObject({ publicKey: publicKeyOf({ privateKey }), issuer: centre.key })
    expect((await first).centre, 'before any session').toEqual(centre)
    expect(logged.join('\n')).not.toContain('as the first that answered')
    expect(await agentOf()).toMatchObject({ state: 'connected', labels: { rack: '7' }, reason: null })
  })

  it('that somebody must approve is told so, does its work, and comes in when it was approved', async () => {
    await enrol({ needsApproval: true })
    await until('it is told to wait', () => uplink()?.state === 'pending')
    const { id, state, keyFingerprint } = await agentOf()
    expect(state).toBe('pending')
    // What people compare: on the node, and at the centre.
    expect(uplink()?.keyFingerprint).toBe(keyFingerprint)
    expect(logged.join('\n')).toContain(`--fingerprint ${keyFingerprint}`)
    expect(uplink()?.detail).toContain(`waits for approval: aloft agents approve ${id}`)
    observe()
    await until('what it sees is kept', () => reporting?.status().spool?.backlog === 1)
    await ours.api('POST', `agents/${id}/approve`)
    await start()
    await connected()
    await until('what it saw is delivered', () => reporting?.status().spool?.backlog === 0)
    expect(identity().credential).toMatchObject({ agentId: id })
  })
})

describe('an agent that enrolled before there were pins and credentials', () => {
  it('goes on working, and has both after its next session', async () => {
    await enrol()
    await connected()
    await stop()
    const { version, privateKey, enrolment } = identity()
    write({ version, privateKey, enrolment })
    await start()
    await connected()
    await until('it has both', () => identity().centre !== null && identity().credential !== null)
    expect(identity().centre.key).toBe(await keyOf(ours))
    expect(logged.join('\n')).toContain('trusted from now on, as the first that answered')
  })

  it('with a credential that was spoilt on its disk comes in by its key', async () => {
    await enrol()
    await connected()
    await stop()
    const spoilt = identity()
    write({ ...spoilt, credential: { ...spoilt.credential, serial: 'touched' } })
    await start()
    await connected()
    await until('it has a good one', () => identity().credential.serial !== 'touched')
    write({ ...identity(), credential: { nonsense: true } })
    await start()
    await connected()
  })
})

describe('another centre', () => {
  it('is refused: the agent keeps its events, says why, and goes back to its own', async () => {
    await enrol()
    await connected()
    await start(theirs)
    await until('it refuses', () => uplink()?.state === 'refused')
    expect(uplink()?.detail).toContain('another centre answers')
    expect(logged.join('\n')).toContain('another centre answers')
    observe()
    await until('its event is kept', () => reporting?.status().spool?.backlog === 1)
    expect(identity().centre.key).toBe(await keyOf(ours))
    await start(ours)
    await connected()
    await until('its event is delivered', () => reporting?.status().spool?.backlog === 0)
  })
})

describe('the centre’s key', () => {
  it('is followed by another, and agents follow: those in session, and those that were away', async () => {
    await enrol()
    await connected()
    await stop()
    const before = await keyOf(ours)
    await ours.api('POST', 'centre-key/rotate')
    await ours.api('POST', 'centre-key/rotate')
    const after = await keyOf(ours)
    expect(after).not.toBe(before)
    await start()
    await connected()
    await until('the new key is pinned', () => identity().centre.key === after)
    expect(logged.join('\n')).toContain('endorsed by the one before it')
    await until('it has a credential of the new key', () => identity().credential.issuer === after)
  })
})

describe('a new key', () => {
  it('is tried beside the session, and the old one is gone from both sides', async () => {
    await enrol()
    await connected()
    const before = identity().privateKey
    const { id } = await agentOf()
    const { connectedSince } = await agentOf()
    await ours.api('POST', `agents/${id}/rotate-key`)
    await until('it has a new key', () => identity().privateKey !== before && identity().candidate === null)
    expect(uplink()?.state).toBe('connected')
    expect(identity().credential.publicKey).toBe(publicKeyOf(identity()))
    expect(await agentOf()).toMatchObject({ keyRotationAsked: false, connectedSince })
    observe()
    await until('the session goes on', () => reporting?.status().spool?.backlog === 0)
    await start()
    await connected()
    expect(logged.filter((line) => line.includes('has a new key'))).toHaveLength(1)
  })

  it('is made at the next start, when it was ordered while the agent was away', async () => {
    await enrol()
    await connected()
    const before = identity().privateKey
    const { id } = await agentOf()
    await stop()
    await until('it is gone', async () => (await agentOf())['state'] !== 'connected')
    await ours.api('POST', `agents/${id}/rotate-key`)
    await start()
    await until('it has a new key', () => identity().privateKey !== before && identity().candidate === null)
  })

  it('that the centre took just before the agent was killed is found out at the next start', async () => {
    await enrol()
    await connected()
    const { id } = await agentOf()
    const old = identity()
    await ours.api('POST', `agents/${id}/rotate-key`)
    await start()
    await until(
      'it has a new key',
      () => identity().privateKey !== old.privateKey && identity().candidate === null,
    )
    await stop()
    // As it was on disk between the centre's commit and ours.
    write({ ...old, candidate: { privateKey: identity().privateKey } })
    await start()
    await connected()
    await until('it knows which one counts', () => identity().candidate === null)
    expect(identity().privateKey).not.toBe(old.privateKey)
  })

  it('that the centre never took is dropped', async () => {
    await enrol()
    await connected()
    await stop()
    const before = identity()
    write({ ...before, candidate: { privateKey: newPrivateKey() } })
    await start()
    await connected()
    await until('it is dropped', () => identity().candidate === null)
    expect(identity().privateKey).toBe(before.privateKey)
  })
})

describe('a revoked agent', () => {
  it('is out within seconds, says so, and keeps what it sees', async () => {
    await enrol()
    await connected()
    const { id } = await agentOf()
    await ours.api('POST', `agents/${id}/revoke`, { reason: 'stolen' })
    await until('it is out', () => uplink()?.state === 'refused')
    expect(uplink()?.detail).toContain('revoked: stolen')
    observe()
    await until('its event is kept', () => reporting?.status().spool?.backlog === 1)
    expect(await agentOf()).toMatchObject({ state: 'revoked', reason: 'stolen' })
  })

  it('cannot come back with a key of its own making', async () => {
    await enrol()
    await connected()
    await stop()
    await saveIdentity(identityFile(), { ...makeIdentity(), enrolment: identity().enrolment })
    await start()
    await until('it is refused', () => uplink()?.state === 'refused')
    expect(uplink()?.detail).toContain('the signature does not verify')
  })
})

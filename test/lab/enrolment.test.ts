/**
 * What becomes of an agent whose token is not taken: real agents, a real control plane. The agent says why and what to
 * do, in its log and in `aloft status`; the centre says the same as problem+json; and the election goes on regardless.
 */
import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createLan, type Lan, spawnIn } from '../../agent/src/linux/namespace.ts'
import type { AgentStatus } from '../../agent/src/steward/status-contract.ts'
import { enrolmentOf, newKey } from '../../control-plane/src/gateway/test-agent.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { type Centre, startCentre } from './centre.ts'
import { pause, until } from './wait.ts'

const BUNDLE = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const WRONG = 'aloft_enrol_0000000000000000000000000000000000000000000'
const REUSED =
  'this enrolment token was already used once, which is all it was made for; make a new one: aloft token create --site lab'
const EXPIRED = /^this enrolment token expired at 20\S+Z; make a new one: aloft token create --site lab$/
const UNKNOWN = 'no such enrolment token: check that all of it was copied, and from this centre'

let lan: Lan
let centre: Centre
let used = ''
let expired = ''
const agents: LabAgent[] = []
const folders: string[] = []

beforeAll(async () => {
  centre = await startCentre()
  lan = await createLan(`enrol${process.pid}`, [{ name: 'one', addresses: ['192.0.2.1/24'] }])
  expired = await shortLived()
  used = await centre.createToken('lab')
  expect((await enrolByHand(used, 'first')).status).toBe(201)
  await pause(1_100)
})
afterAll(async () => {
  await centre.remove()
  await lan.remove()
})
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.kill()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

test.each([
  ['wrong', () => WRONG, UNKNOWN],
  ['expired', () => expired, EXPIRED],
  ['reused', () => used, REUSED],
])(
  'a token that is %s: the agent says why and what to do, and elects all the same',
  async (_, token, expected) => {
    const agent = start(token())
    const uplink = await until(() => whenUplink(agent, 'refused'), { what: 'a refusal', withinMs: 10_000 })
    expect(uplink.detail).toMatch(/^enrolment refused: /)
    const why = uplink.detail?.replace('enrolment refused: ', '')
    expect(why).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected))
    await said(agent, `aloft agent: ${uplink.detail}\n`)
    expect(statusOf(agent)).toMatch(/^uplink: ○ refused for \d+s, unix:\S+ \(enrolment refused: .+\)$/m)
    expect(statusOf(agent)).toContain(why)
    await untilRole(agent, 'web', 'active')
  },
)

test.each([
  ['wrong', () => WRONG, 401, 'unauthenticated', UNKNOWN],
  ['expired', () => expired, 403, 'forbidden', expect.stringMatching(EXPIRED)],
  ['reused', () => used, 409, 'conflict', REUSED],
])('a token that is %s: problem+json', async (_, token, status, kind, detail) => {
  const answer = await enrolByHand(token(), 'second')
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect([answer.status, await answer.json()]).toMatchObject([
    status,
    { type: `urn:aloft:problem:${kind}`, status, detail },
  ])
})

test.each([
  ['no JSON', '{', 400, 'the body is not JSON'],
  ['too long', JSON.stringify({ token: 'x'.repeat(70_000) }), 413, 'the body is larger than 65536 bytes'],
])('a request to enrol that is %s: problem+json', async (_, body, status, detail) => {
  const answer = await fetch(`${centre.url}/agent/v1/enrol`, { method: 'POST', body })
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect([answer.status, await answer.json()]).toMatchObject([status, { status, detail }])
})

test('an agent that was refused is let in when it is started again with a good token', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-enrol-'))
  folders.push(folder)
  const refused = start(WRONG, { stateDir: folder })
  await until(() => whenUplink(refused, 'refused'), { what: 'a refusal', withinMs: 10_000 })
  await refused.stop()
  const agent = start(await centre.createToken('lab'), { stateDir: folder })
  await until(() => whenUplink(agent, 'connected'), { what: `a session:\n${agent.log()}`, withinMs: 10_000 })
  await said(agent, 'aloft agent: enrolled at site lab as one; the centre')
})

test('no token at all: the agent says how to get one', async () => {
  const agent = start()
  const uplink = await until(() => whenUplink(agent, 'not-enrolled'), { what: 'that', withinMs: 10_000 })
  expect(uplink.detail).toBe(
    'not enrolled: make a token with `aloft token create --site SITE` and start the agent once with --enrolment-token TOKEN',
  )
  await said(agent, `aloft agent: ${uplink.detail}\n`)
})

test('plain http is accepted, with a warning', async () => {
  const { port, child } = await forwarder()
  try {
    const controlPlane = `http://127.0.0.1:${port}`
    const agent = start(await centre.createToken('plain'), { controlPlane })
    await until(() => whenUplink(agent, 'connected'), {
      what: `a session:\n${agent.log()}`,
      withinMs: 10_000,
    })
    await said(
      agent,
      `aloft agent: warning: ${controlPlane} is plain http; that is safe only while both are on this host\n`,
    )
  } finally {
    child.kill()
  }
})

test('plain http to another host: the warning says what can be overheard', async () => {
  const agent = start('t', { controlPlane: 'http://192.0.2.77' })
  const warning =
    'aloft agent: warning: http://192.0.2.77 is plain http; anybody on the way can read what this agent reports, its enrolment token included; use https://\n'
  await said(agent, warning)
})

function start(token?: string, over: { stateDir?: string; controlPlane?: string } = {}): LabAgent {
  const agent = startAgent({
    namespace: lan.namespaceOf('one'),
    config: `node: one
virtualRouters:
  - { name: web, interface: eth0, vrid: 51, advertisementInterval: 100ms, addresses: [192.0.2.100/24] }
`,
    controlPlane: centre.agentUrl,
    ...(token !== undefined && { enrolmentToken: token }),
    ...over,
  })
  agents.push(agent)
  return agent
}

/** In its log, which may come a moment after its status. */
async function said(agent: LabAgent, text: string): Promise<void> {
  await until(() => agent.log().includes(text), { what: `${text} in:\n${agent.log()}`, withinMs: 10_000 })
}

function statusOf(agent: LabAgent, ...options: readonly string[]): string {
  const args = [BUNDLE, 'status', '--state-dir', agent.stateDir, ...options]
  return execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

function whenUplink(agent: LabAgent, state: string): NonNullable<AgentStatus['uplink']> | null {
  const { uplink }: AgentStatus = JSON.parse(statusOf(agent, '--json'))
  return uplink?.state === state ? uplink : null
}

/** The centre's own shortest life of a token. */
async function shortLived(): Promise<string> {
  const answer = await fetch(`${centre.url}/api/v1/enrolment-tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${centre.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ site: 'lab', ttlMs: 1_000 }),
  })
  return (await answer.json()).token
}

function enrolByHand(token: string, node: string): Promise<Response> {
  return fetch(`${centre.url}/agent/v1/enrol`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(enrolmentOf(token, node, newKey())),
  })
}

/** A TCP port of the namespace's own loopback that leads to the centre: its real port is in another namespace. */
async function forwarder(): Promise<{ port: number; child: ChildProcess }> {
  const script = `const net = require('node:net')
    const server = net.createServer((from) => {
      const to = net.connect(process.argv[1])
      from.pipe(to).pipe(from)
      for (const each of [from, to]) each.on('error', () => {})
    })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const socket = centre.agentUrl.replace(/^unix:/, '')
  const child = spawnIn(lan.namespaceOf('one'), [process.execPath, '-e', script, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('the forwarder has no output')
  const [line] = await once(child.stdout, 'data')
  return { port: Number(line), child }
}

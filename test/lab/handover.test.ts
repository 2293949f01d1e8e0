/** Decision 0018 on a real LAN: whoever leaves politely costs a client that asks every millisecond nothing. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { type Keepalived, startKeepalived } from './keepalived.ts'
import { createProber, type ProbeResult, type Prober } from './probe.ts'
import { pause, until } from './wait.ts'

const ALOFT = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const VIP = '10.79.0.100'
const INTERVAL_MS = 100
const run = promisify(execFile)

let prober: Prober
let lan: Lan
const agents: LabAgent[] = []
const peers: Keepalived[] = []
let made = 0

beforeAll(() => {
  prober = createProber()
})
afterAll(() => prober.close())
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.kill()
  for (const peer of peers.splice(0)) await peer.kill()
  await lan.remove()
})

async function makeLan(): Promise<void> {
  made += 1
  const hosts = [
    { name: 'a', addresses: ['10.79.0.1/24'] },
    { name: 'b', addresses: ['10.79.0.2/24'] },
  ]
  lan = await createLan(`hand${process.pid}-${made}`, hosts, '10.79.0.254/24')
}

function agentOn(host: string, priority: number): LabAgent {
  const router = `{ name: web, interface: eth0, vrid: 51, priority: ${priority}, advertisementInterval: ${INTERVAL_MS}ms, addresses: [${VIP}/24] }`
  const config = `node: ${host}\nvirtualRouters:\n  - ${router}\n`
  const agent = startAgent({ namespace: lan.namespaceOf(host), config })
  agents.push(agent)
  return agent
}

function keepalivedOn(host: string, priority: number): Keepalived {
  const router = {
    name: 'web',
    vrid: 51,
    version: 3,
    priority,
    intervalMs: INTERVAL_MS,
    addresses: [`${VIP}/24`],
  } as const
  const peer = startKeepalived({ namespace: lan.namespaceOf(host), routers: [router] })
  peers.push(peer)
  return peer
}

/** Asks the address for two seconds, and does something after the first half second. */
async function probeWhile(act: () => Promise<unknown> | unknown): Promise<ProbeResult> {
  const probing = prober.probe({ namespace: lan.switchNamespace, address: VIP, seconds: 2 })
  await pause(500)
  await act()
  return probing
}

async function twoAgents(): Promise<{ a: LabAgent; b: LabAgent }> {
  await makeLan()
  const a = agentOn('a', 200)
  const b = agentOn('b', 100)
  await untilRole(a, 'web', 'active')
  await untilRole(b, 'web', 'backup')
  // Whoever was active for a moment at the start goes on answering for a moment, and a client may believe it.
  await until(async () => !(await holds('b')), { what: 'b to have let go', withinMs: 1_000 })
  return { a, b }
}

async function holds(host: string): Promise<boolean> {
  return (await ip('-n', lan.namespaceOf(host), '-o', 'addr', 'show', 'dev', 'eth0')).includes(VIP)
}

/** Where the client would send its next packet, and where the address is. */
async function clientEndsAt(host: string): Promise<void> {
  const mac = async (namespace: string, ...args: string[]) =>
    /(?:lladdr|ether) ([0-9a-f:]{17})/.exec(await ip('-n', namespace, ...args))?.[1]
  const theirs = await mac(lan.namespaceOf(host), 'link', 'show', 'dev', 'eth0')
  await until(async () => (await mac(lan.switchNamespace, 'neigh', 'show', VIP)) === theirs, {
    what: `the client to know ${VIP} at ${host}`,
    withinMs: 1_000,
  })
  expect(await holds(host)).toBe(true)
}

function stepDown(agent: LabAgent, ...options: string[]) {
  return run(process.execPath, [ALOFT, 'step-down', 'web', '--state-dir', agent.stateDir, ...options])
}

describe('between two agents', () => {
  it('a graceful stop loses no answer, and the client ends at the successor', async () => {
    const { a, b } = await twoAgents()
    const { lost } = await probeWhile(() => process.kill(a.pidOf('steward'), 'SIGTERM'))
    expect(lost).toBe(0)
    expect(await b.role('web')).toBe('active')
    await clientEndsAt('b')
  })

  it('a step down loses no answer; undone, the role comes back, and again none is lost', async () => {
    const { a, b } = await twoAgents()
    expect((await probeWhile(() => stepDown(a, '--for', 'ever'))).lost).toBe(0)
    expect([await a.role('web'), await b.role('web')]).toEqual(['backup', 'active'])
    const { stdout } = await run(process.execPath, [ALOFT, 'status', '--state-dir', a.stateDir])
    expect(stdout).toContain('web stepped down and preempts nobody until it is told to')
    await clientEndsAt('b')

    expect((await probeWhile(() => stepDown(a, '--undo'))).lost).toBe(0)
    expect([await a.role('web'), await b.role('web')]).toEqual(['active', 'backup'])
    await clientEndsAt('a')
  })

  it('a step down of what is not there is refused with the reason', async () => {
    const { a } = await twoAgents()
    await expect(
      run(process.execPath, [ALOFT, 'step-down', 'mail', '--state-dir', a.stateDir]),
    ).rejects.toMatchObject({ code: 1, stderr: 'aloft step-down: there is no virtual router mail\n' })
  })
})

it('with keepalived as the successor a graceful stop loses no answer either', async () => {
  await makeLan()
  const peer = keepalivedOn('b', 100)
  const a = agentOn('a', 200)
  await untilRole(a, 'web', 'active')
  await until(() => peer.state() === 'BACKUP', { what: 'keepalived to be backup', withinMs: 5_000 })
  const { lost } = await probeWhile(() => process.kill(a.pidOf('steward'), 'SIGTERM'))
  expect(lost).toBe(0)
  expect(peer.state()).toBe('MASTER')
  await clientEndsAt('b')
})

it('yielding to a better keepalived loses no answer', async () => {
  await makeLan()
  const a = agentOn('a', 100)
  await untilRole(a, 'web', 'active')
  const { lost } = await probeWhile(() => void keepalivedOn('b', 200))
  expect(lost).toBe(0)
  await untilRole(a, 'web', 'backup')
  await clientEndsAt('b')
})

it('with no peer a stop is delayed by the longest Skew_Time and no more', async () => {
  await makeLan()
  const a = agentOn('a', 200)
  await untilRole(a, 'web', 'active')
  const pid = a.pidOf('router')
  const began = performance.now()
  process.kill(a.pidOf('steward'), 'SIGTERM')
  await until(async () => !(await ip('-n', lan.namespaceOf('a'), '-o', 'addr')).includes(VIP), {
    what: 'the address to be released',
    withinMs: INTERVAL_MS + 400,
    everyMs: 5,
  })
  expect(performance.now() - began).toBeLessThan(INTERVAL_MS + 400)
  await a.stop()
  expect(() => process.kill(pid, 0)).toThrow()
})

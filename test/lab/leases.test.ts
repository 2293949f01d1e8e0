/** Leases on a real LAN (decision 0014): who is killed or frozen whole no longer has the addresses 3 s later. */
import { afterEach, describe, expect, it } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { pause, until } from './wait.ts'

const VIPS = ['10.81.0.100/24', '2001:db8:81::100/64']
const LEASE_MS = 3_000

let lan: Lan
const agents: LabAgent[] = []
let made = 0

afterEach(async () => {
  for (const agent of agents.splice(0)) {
    for (const pid of agent.processes()) process.kill(pid, 'SIGCONT')
    await agent.kill()
  }
  await lan.remove()
})

async function makeLan(): Promise<void> {
  made += 1
  lan = await createLan(`lease${process.pid}-${made}`, [
    { name: 'a', addresses: ['10.81.0.1/24'] },
    { name: 'b', addresses: ['10.81.0.2/24'] },
  ])
}

function agentOn(host: string, priority: number, more = ''): LabAgent {
  const config = `node: ${host}
virtualRouters:
  - name: web
    interface: eth0
    vrid: 51
    priority: ${priority}
    advertisementInterval: 100ms
    addresses: [${VIPS[0]}]
    excludedAddresses: ["${VIPS[1]}"]
    pairing: false
${more}`
  const agent = startAgent({ namespace: lan.namespaceOf(host), config })
  agents.push(agent)
  return agent
}

/** How many of the virtual addresses a host has. */
async function heldOn(host: string): Promise<number> {
  const links: { addr_info: { local: string; prefixlen: number }[] }[] = JSON.parse(
    await ip('-j', '-n', lan.namespaceOf(host), 'addr', 'show', 'eth0'),
  )
  const found = links.flatMap(({ addr_info }) => addr_info.map((each) => `${each.local}/${each.prefixlen}`))
  return VIPS.filter((vip) => found.includes(vip)).length
}

async function stopAll(agent: LabAgent, signal: NodeJS.Signals): Promise<void> {
  for (let found = 0; found < agent.processes().length; ) {
    found = agent.processes().length
    for (const pid of agent.processes()) process.kill(pid, 'SIGSTOP')
  }
  if (signal === 'SIGKILL') for (const pid of agent.processes()) process.kill(pid, 'SIGKILL')
}

describe('the whole agent', () => {
  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    '%s: its addresses are gone within 3 s, and on two hosts no longer',
    async (signal) => {
      await makeLan()
      const a = agentOn('a', 200)
      const b = agentOn('b', 100)
      await untilRole(a, 'web', 'active')
      await untilRole(b, 'web', 'backup')
      await until(async () => (await heldOn('a')) === 2, { what: 'a to hold both', withinMs: 5_000 })
      await pause(1_200)
      expect(await heldOn('a')).toBe(2)

      await stopAll(a, signal)
      const stoppedAt = performance.now()
      await until(async () => (await heldOn('b')) === 2, { what: 'b to hold both', withinMs: 3_000 })
      await until(async () => (await heldOn('a')) === 0, { what: 'a to hold none', withinMs: 6_000 })
      const goneAfterMs = performance.now() - stoppedAt
      console.log(`${signal}: gone after ${Math.round(goneAfterMs)} ms`)
      expect(goneAfterMs).toBeLessThan(LEASE_MS + 200)
      expect(await heldOn('b')).toBe(2)
    },
  )

  it('frozen and woken, it listens before it takes its addresses again', async () => {
    await makeLan()
    const a = agentOn('a', 100, '    preempt: false\n')
    await untilRole(a, 'web', 'active')
    const b = agentOn('b', 200, '    preempt: false\n')
    await untilRole(b, 'web', 'backup')
    await stopAll(a, 'SIGSTOP')
    await until(async () => (await heldOn('a')) === 0, { what: 'a to hold none', withinMs: 6_000 })
    for (const pid of a.processes()) process.kill(pid, 'SIGCONT')
    await untilRole(a, 'web', 'backup')
    expect(await heldOn('a')).toBe(0)
    expect(await heldOn('b')).toBe(2)
  })

  it('lease: false keeps them where they are', async () => {
    await makeLan()
    const a = agentOn('a', 200, '    lease: false\n')
    await untilRole(a, 'web', 'active')
    await until(async () => (await heldOn('a')) === 2, { what: 'a to hold both', withinMs: 5_000 })
    await stopAll(a, 'SIGSTOP')
    await pause(3_500)
    expect(await heldOn('a')).toBe(2)
  })
})

describe('somebody who deletes an address of an active', () => {
  it('finds it back at once; or another active, where the config says so', async () => {
    await makeLan()
    const a = agentOn('a', 200)
    await untilRole(a, 'web', 'active')
    await until(async () => (await heldOn('a')) === 2, { what: 'a to hold both', withinMs: 5_000 })
    await ip('-n', lan.namespaceOf('a'), 'addr', 'del', VIPS[0] ?? '', 'dev', 'eth0')
    await until(async () => (await heldOn('a')) === 2, { what: 'it to be mended', withinMs: 1_000 })
    expect(await a.role('web')).toBe('active')
  })
})

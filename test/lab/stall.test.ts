/** Issue 3, 11d: a router that was stopped for longer than its peers wait listens first, then decides, and says so. */
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { type Keepalived, startKeepalived } from './keepalived.ts'
import { until } from './wait.ts'

const VIP = '10.82.0.100'
let lan: Lan
let ours: LabAgent | null = null
let theirs: Keepalived | null = null
let made = 0

beforeEach(async () => {
  made += 1
  lan = await createLan(`stall${process.pid}-${made}`, [
    { name: 'ours', addresses: ['10.82.0.1/24'] },
    { name: 'theirs', addresses: ['10.82.0.2/24'] },
  ])
})
afterEach(async () => {
  await ours?.kill()
  await theirs?.kill()
  ours = null
  theirs = null
  await lan.remove()
})

function startOurs(more = ''): LabAgent {
  ours = startAgent({
    namespace: lan.namespaceOf('ours'),
    config: `node: ours
virtualRouters:
  - { name: web, interface: eth0, vrid: 51, priority: 100, advertisementInterval: 100ms, addresses: [${VIP}/24]${more} }
`,
  })
  return ours
}

function startTheirs(priority: number): Keepalived {
  const router = {
    name: 'web',
    vrid: 51,
    version: 3,
    priority,
    intervalMs: 100,
    addresses: [`${VIP}/24`],
  } as const
  theirs = startKeepalived({ namespace: lan.namespaceOf('theirs'), routers: [router] })
  return theirs
}

/** Stops the router process, lets keepalived take over, and wakes it. */
async function stall(agent: LabAgent): Promise<void> {
  const pid = agent.pidOf('router')
  execFileSync('kill', ['-STOP', String(pid)])
  try {
    await until(() => theirs?.state() === 'MASTER', { what: 'keepalived to take over', withinMs: 5_000 })
  } finally {
    execFileSync('kill', ['-CONT', String(pid)])
  }
}

async function holds(): Promise<boolean> {
  const shown = await ip('-n', lan.namespaceOf('ours'), '-br', 'addr', 'show', 'dev', 'eth0')
  return shown.includes(VIP)
}

test('a better one is active by then: it yields, and advertises not once as an active', async () => {
  const agent = startOurs(', preempt: false')
  await untilRole(agent, 'web', 'active')
  // nopreempt: it takes over only because we are gone.
  const router = {
    name: 'web',
    vrid: 51,
    version: 3,
    priority: 200,
    intervalMs: 100,
    preempt: false,
  } as const
  theirs = startKeepalived({
    namespace: lan.namespaceOf('theirs'),
    routers: [{ ...router, addresses: [`${VIP}/24`] }],
  })
  await until(() => theirs?.state() === 'BACKUP', { what: 'keepalived to be backup', withinMs: 10_000 })
  const sentBefore = (await agent.routerStatus()).virtualRouters[0]?.counters.advertisementsSent ?? 0
  await stall(agent)
  await untilRole(agent, 'web', 'backup')
  const status = await agent.routerStatus()
  expect(status.stalls.count).toBe(1)
  expect(status.stalls.longestMs).toBeGreaterThan(100)
  // Those of the moments before it was stopped, and its last word.
  const sent = (status.virtualRouters[0]?.counters.advertisementsSent ?? 0) - sentBefore
  expect(sent).toBeLessThanOrEqual(4)
  await until(async () => !(await holds()), { what: 'the address to be gone', withinMs: 10_000 })
  expect(theirs.state()).toBe('MASTER')
})

test('only a worse one is active by then: it goes on, and holds its address again', async () => {
  const agent = startOurs()
  await untilRole(agent, 'web', 'active')
  startTheirs(50)
  await until(() => theirs?.state() === 'BACKUP', { what: 'keepalived to be backup', withinMs: 10_000 })
  await stall(agent)
  await until(() => theirs?.state() === 'BACKUP', { what: 'keepalived to yield', withinMs: 5_000 })
  await untilRole(agent, 'web', 'active')
  await until(holds, { what: 'the address to be back', withinMs: 10_000 })
  expect((await agent.routerStatus()).stalls.count).toBe(1)
})

test('yieldAfterStall: without preemption it leaves the role even to a worse one', async () => {
  const agent = startOurs(', preempt: false, yieldAfterStall: 50')
  await untilRole(agent, 'web', 'active')
  startTheirs(50)
  await until(() => theirs?.state() === 'BACKUP', { what: 'keepalived to be backup', withinMs: 10_000 })
  await stall(agent)
  await untilRole(agent, 'web', 'backup')
  await until(async () => !(await holds()), { what: 'the address to be gone', withinMs: 10_000 })
  expect(theirs?.state()).toBe('MASTER')
})

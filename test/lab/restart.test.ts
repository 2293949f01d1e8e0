/** Decision 0018: neither process of an agent is missed when it is replaced or killed, at 1 s adverts. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { type Keepalived, startKeepalived } from './keepalived.ts'
import { createProber, type Prober } from './probe.ts'
import { pause, until } from './wait.ts'

const ALOFT = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const VIP = '10.80.0.100'
const run = promisify(execFile)

let prober: Prober
let lan: Lan
let agent: LabAgent
let peer: Keepalived

beforeAll(async () => {
  prober = createProber()
  const hosts = [
    { name: 'a', addresses: ['10.80.0.1/24'] },
    { name: 'b', addresses: ['10.80.0.2/24'] },
  ]
  lan = await createLan(`restart${process.pid}`, hosts, '10.80.0.254/24')
  const router = {
    name: 'web',
    vrid: 51,
    version: 3,
    priority: 100,
    intervalMs: 1_000,
    addresses: [`${VIP}/24`],
  } as const
  peer = startKeepalived({ namespace: lan.namespaceOf('b'), routers: [router] })
  agent = startAgent({
    namespace: lan.namespaceOf('a'),
    config: `node: a\nvirtualRouters:\n  - { name: web, interface: eth0, vrid: 51, priority: 200, addresses: [${VIP}/24] }\n`,
  })
  await untilRole(agent, 'web', 'active')
  await until(() => peer.state() === 'BACKUP', { what: 'keepalived to be backup', withinMs: 10_000 })
})
afterEach(async () => {
  // What a killed steward left is started again; what comes next begins with both there.
  await untilRole(agent, 'web', 'active')
})
afterAll(async () => {
  await agent?.kill()
  await peer?.kill()
  await lan?.remove()
  prober.close()
})

/** Acts while a client asks every millisecond; the address answers always, and the peer changes no role. */
async function expectUnnoticed(act: () => Promise<unknown> | unknown): Promise<void> {
  const before = peer.log().split('Entering MASTER').length
  const probing = prober.probe({ namespace: lan.switchNamespace, address: VIP, seconds: 4 })
  await pause(300)
  await act()
  expect((await probing).lost).toBe(0)
  expect(peer.log().split('Entering MASTER').length).toBe(before)
  expect(peer.state()).toBe('BACKUP')
}

it('the router is replaced: it goes on as it was, counters and all', async () => {
  const before = { pid: agent.pidOf('router'), ...(await agent.routerStatus()).virtualRouters[0] }
  await expectUnnoticed(() => run(process.execPath, [ALOFT, 'upgrade', '--state-dir', agent.stateDir]))
  const after = (await agent.routerStatus()).virtualRouters[0]
  expect(agent.pidOf('router')).not.toBe(before.pid)
  expect(after?.counters.becameActive).toBe(1)
  expect(after?.counters.advertisementsSent).toBeGreaterThan(before.counters?.advertisementsSent ?? 0)
})

it('the replaced router is stopped and watched by the same steward', async () => {
  await until(() => /router \S+ stopped/.test(agent.log()), {
    what: 'the steward to have seen the change',
    withinMs: 2_000,
  })
  expect(agent.log()).not.toContain('was lost')
})

it('the router is killed', () => expectUnnoticed(() => agent.killProcess('router')))

it('the router is killed after it was replaced again and again: that was no crash loop', async () => {
  for (let i = 0; i < 6; i++) {
    await run(process.execPath, [ALOFT, 'upgrade', '--state-dir', agent.stateDir])
    await until(() => agent.log().includes(`runs with pid ${agent.pidOf('router')}`), {
      what: 'the steward to have found the next one',
      withinMs: 900,
    })
  }
  await expectUnnoticed(() => agent.killProcess('router'))
})

it('the steward is killed', () => expectUnnoticed(() => agent.killProcess('steward')))

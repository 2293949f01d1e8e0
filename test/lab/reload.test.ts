/** A changed config touches only what changed: seen by a live keepalived and by a client that asks every millisecond. */
import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { type Keepalived, startKeepalived } from './keepalived.ts'
import { createProber, type Prober } from './probe.ts'
import { pause, until } from './wait.ts'

const VIP = '10.81.0.100'
let prober: Prober
let lan: Lan
let ours: LabAgent
let theirs: Keepalived

beforeAll(async () => {
  prober = createProber()
  const hosts = [
    { name: 'ours', addresses: ['10.81.0.1/24'] },
    { name: 'theirs', addresses: ['10.81.0.2/24'] },
  ]
  lan = await createLan(`reload${process.pid}`, hosts, '10.81.0.254/24')
  ours = startAgent({ namespace: lan.namespaceOf('ours'), config: BEFORE })
  await untilRole(ours, 'web', 'active')
  await untilRole(ours, 'mail', 'active')
  // This one (2.2.7) drops advertisements whose addresses are not its own, unless it is told to trust its active.
  const more = ['skip_check_adv_addr']
  const router = { version: 3, priority: 100, intervalMs: 100, more } as const
  theirs = startKeepalived({
    namespace: lan.namespaceOf('theirs'),
    routers: [
      { ...router, name: 'web', vrid: 51, addresses: [`${VIP}/24`] },
      { ...router, name: 'mail', vrid: 52, addresses: ['10.81.0.102/24'] },
    ],
  })
  await until(() => theirs.state('web') === 'BACKUP' && theirs.state('mail') === 'BACKUP', {
    what: 'keepalived to be backup',
    withinMs: 10_000,
  })
})
afterEach(() => {
  // Whatever was reloaded: nothing that stayed moved.
  const moves = theirs
    .log()
    .split('\n')
    .filter((line) => /Entering|Received/.test(line))
  expect(moves.filter((line) => !line.includes('Entering BACKUP STATE (init)'))).toEqual([])
})
afterAll(async () => {
  await ours.kill()
  await theirs.kill()
  await lan.remove()
  prober.close()
})

const BEFORE = `node: ours
virtualRouters:
  - { name: web, interface: eth0, vrid: 51, priority: 200, advertisementInterval: 100ms, addresses: [${VIP}/24] }
  - { name: mail, interface: eth0, vrid: 52, priority: 200, advertisementInterval: 100ms, addresses: [10.81.0.102/24] }
  - { name: old, interface: eth0, vrid: 53, advertisementInterval: 100ms, addresses: [10.81.0.103/24] }
`
const AFTER = `node: ours
virtualRouters:
  - { name: new, interface: eth0, vrid: 54, advertisementInterval: 100ms, addresses: [10.81.0.104/24] }
  - { name: mail, interface: eth0, vrid: 52, priority: 200, advertisementInterval: 100ms, addresses: [10.81.0.102/24] }
  - name: web
    interface: eth0
    vrid: 51
    priority: 210
    advertisementInterval: 200ms
    missedAdvertisements: 4
    preempt: { delay: 3s }
    addresses: [${VIP}/24, 10.81.0.110/24]
`

async function detail(name: string) {
  const { virtualRouters } = await ours.routerStatus()
  return virtualRouters.find(({ virtualRouter }) => virtualRouter === name)
}

test('web changes while it is active, mail stays as it was, old goes and new comes: no answer is lost', async () => {
  const before = await detail('web')
  const probing = prober.probe({ namespace: lan.switchNamespace, address: VIP, seconds: 3 })
  await pause(500)
  writeFileSync(ours.configFile, AFTER)
  process.kill(ours.pidOf('steward'), 'SIGHUP')
  await untilRole(ours, 'new', 'active')
  const { sent, lost } = await probing
  expect(sent).toBeGreaterThan(1000)
  expect(lost).toBe(0)

  const after = await detail('web')
  expect(after).toMatchObject({ role: 'active', priority: 210, addresses: [VIP, '10.81.0.110'] })
  expect(after?.counters.becameActive).toBe(1)
  expect(after?.sinceWallMs).toBeCloseTo(before?.sinceWallMs ?? 0, -1)
  expect(after?.counters.advertisementsSent).toBeGreaterThan(before?.counters.advertisementsSent ?? 0)
  expect((await detail('mail'))?.counters.becameActive).toBe(1)
  const held = await ip('-n', lan.namespaceOf('ours'), '-br', 'addr', 'show', 'dev', 'eth0')
  for (const address of [VIP, '10.81.0.110', '10.81.0.102', '10.81.0.104']) expect(held).toContain(address)
})

test('an invalid config is refused whole, and the old one keeps running', async () => {
  const { revision } = await ours.routerStatus()
  const probing = prober.probe({ namespace: lan.switchNamespace, address: VIP, seconds: 2 })
  writeFileSync(
    ours.configFile,
    AFTER.replace('priority: 210', 'priority: 211').replace('vrid: 54', 'vrid: 52'),
  )
  process.kill(ours.pidOf('steward'), 'SIGHUP')
  await until(() => ours.log().includes('duplicate-vrid') || ours.log().includes('already used'), {
    what: `the refusal; it says:\n${ours.log()}`,
    withinMs: 10_000,
  })
  expect((await probing).lost).toBe(0)
  expect((await ours.routerStatus()).revision).toBe(revision)
  expect(await detail('web')).toMatchObject({ role: 'active', priority: 210 })
})

/** keepalived-and-vrrp.md §1.8, §2.12: our sync group and keepalived's, on one LAN: what happens to one VRID moves both. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { encodeAdvertisement } from '../../agent/src/vrrp/advertisement.ts'
import { authenticationOf } from '../../agent/src/vrrp/authentication.ts'
import { address } from '../../agent/src/vrrp/examples.test.support.ts'
import { type LabAgent, startAgent, untilRole } from '../lab/agent.ts'
import { type Keepalived, startKeepalived } from '../lab/keepalived.ts'
import { openRawSender } from '../lab/raw-sender.ts'
import { until } from '../lab/wait.ts'

const MEMBERS = ['inside', 'outside']
let lan: Lan
let ours: LabAgent | null = null
let theirs: Keepalived | null = null
let made = 0

beforeEach(async () => {
  made += 1
  lan = await createLan(`groups${process.pid}-${made}`, [
    { name: 'ours', addresses: ['192.0.2.1/24'] },
    { name: 'theirs', addresses: ['192.0.2.2/24'] },
    { name: 'third', addresses: ['192.0.2.9/24'] },
  ])
  await ip('-n', lan.namespaceOf('ours'), 'link', 'add', 't0', 'type', 'veth', 'peer', 'name', 't1')
  await ip('-n', lan.namespaceOf('ours'), 'link', 'set', 't0', 'up')
  await ip('-n', lan.namespaceOf('ours'), 'link', 'set', 't1', 'up')
})
afterEach(async () => {
  await ours?.kill()
  await theirs?.kill()
  ours = null
  theirs = null
  await lan.remove()
})

function startOurs(priority: number): LabAgent {
  const router = (name: string, vrid: number, more = '') =>
    `  - { name: ${name}, interface: eth0, vrid: ${vrid}, priority: ${priority}, advertisementInterval: 100ms, addresses: [192.0.2.1${vrid}/24]${more} }`
  ours = startAgent({
    namespace: lan.namespaceOf('ours'),
    config: `node: ours
virtualRouters:
${router('inside', 51, ', track: [{ interface: t0 }]')}
${router('outside', 52)}
syncGroups: [{ name: gateway, members: [inside, outside] }]
`,
  })
  return ours
}

function startTheirs(priority: number, preempt = true): Keepalived {
  const routers = MEMBERS.map((name, i) => {
    const vrid = 51 + i
    const addresses = [`192.0.2.1${vrid}/24`]
    return { name, vrid, version: 3 as const, priority, intervalMs: 100, addresses, preempt }
  })
  theirs = startKeepalived({
    namespace: lan.namespaceOf('theirs'),
    routers,
    syncGroups: { gateway: MEMBERS },
  })
  return theirs
}

async function untilTheirs(state: string): Promise<void> {
  await until(() => MEMBERS.every((name) => theirs?.state(name) === state), {
    what: `keepalived to be ${state} in both; it says:\n${theirs?.log()}`,
    withinMs: 10_000,
  })
}

async function untilOurs(role: string): Promise<void> {
  if (ours === null) throw new Error('not started')
  for (const name of MEMBERS) await untilRole(ours, name, role)
}

test('a fault of one member moves both VRIDs to keepalived, and back when it has gone', async () => {
  const agent = startOurs(200)
  await untilOurs('active')
  startTheirs(100)
  await untilTheirs('BACKUP')
  await ip('-n', lan.namespaceOf('ours'), 'link', 'set', 't0', 'down')
  await untilTheirs('MASTER')
  await untilOurs('fault')
  const { virtualRouters } = await agent.routerStatus()
  expect(virtualRouters.find(({ virtualRouter }) => virtualRouter === 'outside')?.faults).toEqual([
    { reason: 'sync-group', what: 'inside of sync group gateway' },
  ])
  await ip('-n', lan.namespaceOf('ours'), 'link', 'set', 't0', 'up')
  await untilOurs('active')
  await untilTheirs('BACKUP')
})

test('one better advertisement on one VRID moves both to keepalived', async () => {
  startOurs(100)
  await untilOurs('active')
  // The better one of the two, so that it is back first once the better advertisement is not followed by another.
  startTheirs(200, false)
  await untilTheirs('BACKUP')
  const third = openRawSender(lan.namespaceOf('third'))
  third.send(
    encodeAdvertisement(
      { version: 3, vrid: 51, priority: 250, intervalMs: 100, addresses: [address('192.0.2.151')] },
      {
        source: address('192.0.2.9'),
        destination: address('224.0.0.18'),
        authentication: authenticationOf({ type: 'none' }),
        checksum: 'pseudo-header',
      },
    ),
  )
  third.close()
  await untilTheirs('MASTER')
  await untilOurs('backup')
})

test('keepalived that stops hands both VRIDs to our group', async () => {
  startTheirs(200)
  await untilTheirs('MASTER')
  startOurs(100)
  await untilOurs('backup')
  await theirs?.stop()
  theirs = null
  await untilOurs('active')
})

test('our group takes over from a worse keepalived group whole', async () => {
  startTheirs(100)
  await untilTheirs('MASTER')
  startOurs(200)
  await untilOurs('active')
  await untilTheirs('BACKUP')
})

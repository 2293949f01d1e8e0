/** Routes, rules and addresses of every kind, from the config to the kernel and back (decision 0014). */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { until } from './wait.ts'

let lan: Lan
let stateDir: string
const agents: LabAgent[] = []
let made = 0

beforeEach(async () => {
  made += 1
  lan = await createLan(`hold${process.pid}-${made}`, [
    { name: 'a', addresses: ['10.82.0.1/24'] },
    { name: 'b', addresses: ['10.82.0.2/24'] },
  ])
  stateDir = mkdtempSync(path.join(os.tmpdir(), 'aloft-hold-'))
})

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.kill()
  await lan.remove()
  rmSync(stateDir, { recursive: true, force: true })
})

const inA = (...words: string[]) => ip('-n', lan.namespaceOf('a'), ...words)

const WHOLE = `
    excludedAddresses:
      - { address: 10.82.1.1/24, label: "eth0:vip", broadcast: + }
      - "2001:db8:82::1/128"
    routes:
      - { to: 198.51.100.0/24, via: 10.82.0.2, source: 10.82.0.100, table: 100 }
      - { to: 203.0.113.0/24, type: blackhole }
      - { to: "2001:db8:83::/48", device: eth0, metric: 20 }
    rules:
      - { from: 10.82.0.100, table: 100 }
`

function agentOn(host: string, more: string, top = ''): LabAgent {
  const router = `
  - name: web
    interface: eth0
    vrid: 51
    priority: 200
    advertisementInterval: 100ms
    addresses: [10.82.0.100/24]
    pairing: false${more}`
  const config = `node: ${host}\n${top}virtualRouters:${router}\n`
  const agent = startAgent({ namespace: lan.namespaceOf(host), config, ...(host === 'a' && { stateDir }) })
  agents.push(agent)
  return agent
}

/** Everything of ours in the kernel: marked with protocol 112. */
async function ours(): Promise<string[]> {
  const [routes, routes6, rules, addresses] = await Promise.all([
    inA('-4', 'route', 'show', 'table', 'all', 'proto', '112'),
    inA('-6', 'route', 'show', 'table', 'all', 'proto', '112'),
    inA('rule', 'show'),
    inA('-br', 'addr', 'show', 'eth0'),
  ])
  const ownRules = rules.split('\n').filter((line) => line.startsWith('16384:'))
  const virtual = addresses
    .split(/\s+/)
    .filter((word) => /^(10\.82\.0\.100|10\.82\.1\.1|2001:db8:82::1)\//.test(word))
  const lines = [...routes.split('\n'), ...routes6.split('\n'), ...ownRules, ...virtual]
  return lines.map((line) => line.trim().replaceAll(/\s+/g, ' ')).filter((line) => line !== '')
}

const count = async (wanted: number, what: string): Promise<void> => {
  try {
    await until(async () => (await ours()).length === wanted, { what, withinMs: 6_000 })
  } catch (error) {
    throw new Error(`${String(error)}; there is ${(await ours()).join('; ')}`)
  }
}

it('are there while active, and gone when it leaves', async () => {
  const a = agentOn('a', WHOLE)
  await untilRole(a, 'web', 'active')
  await count(7, 'three addresses, three routes and a rule')
  expect((await ours()).toSorted()).toEqual([
    '10.82.0.100/24',
    '10.82.1.1/24',
    '16384: from 10.82.0.100 lookup 100 proto 112',
    '198.51.100.0/24 via 10.82.0.2 dev eth0 table 100 src 10.82.0.100',
    '2001:db8:82::1/128',
    '2001:db8:83::/48 dev eth0 metric 20 pref medium',
    'blackhole 203.0.113.0/24',
  ])
  await a.stop()
  expect(await ours()).toEqual([])
})

it('that a crash left are removed by a successor that has no use for them', async () => {
  const a = agentOn('a', WHOLE)
  await untilRole(a, 'web', 'active')
  await count(7, 'all of it')
  await a.kill()
  agents.length = 0
  // Addresses end by themselves; routes and rules stay.
  await until(async () => (await ours()).some((line) => line.startsWith('blackhole')), {
    what: 'the leftovers',
    withinMs: 1_000,
  })
  // Somebody active, so that the successor does not take anything.
  const b = agentOn('b', '\n    preempt: false')
  await untilRole(b, 'web', 'active')
  const successor = agentOn('a', '\n    preempt: false')
  await untilRole(successor, 'web', 'backup')
  await count(0, 'nothing to be left')
})

it('keepalived-and-vrrp.md §1.5: an address that a dead keepalived left is removed at the start', async () => {
  const b = agentOn('b', '\n    preempt: false')
  await untilRole(b, 'web', 'active')
  await inA('addr', 'add', '10.82.0.100/32', 'dev', 'eth0')
  // The router knows its config from the run before.
  const first = agentOn('a', '\n    preempt: false')
  await untilRole(first, 'web', 'backup')
  await count(0, 'it to be gone')
})

it('static ones are there whoever is active, and a lost one can end a role', async () => {
  const top = `static: { routes: [{ to: 198.51.101.0/24, via: 10.82.0.2, withRouters: [web] }] }\n`
  const a = agentOn('a', '', top)
  await untilRole(a, 'web', 'active')
  await count(2, 'the address and the static route')
  await inA('route', 'del', '198.51.101.0/24')
  await until(async () => (await a.routerStatus()).virtualRouters[0]?.counters.becameActive === 2, {
    what: 'web to be elected anew',
    withinMs: 5_000,
  })
  await count(2, 'the static route to be mended')
})

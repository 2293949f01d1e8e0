/** The router runs under SCHED_FIFO where it may. Where it may not it elects all the same, and says so. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { netio } from '../../agent/src/linux/netio.ts'
import { startAgent, untilRole } from './agent.ts'
import { until } from './wait.ts'

const BUNDLE = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const SCHED_FIFO = 1
const CONFIG = `node: one
virtualRouters:
  - { name: web, interface: eth0, vrid: 51, advertisementInterval: 100ms, addresses: [192.0.2.100/24] }
`

let lan: Lan
beforeAll(async () => {
  lan = await createLan(`fifo${process.pid}`, [
    { name: 'may', addresses: ['192.0.2.1/24'] },
    { name: 'mustnot', addresses: ['192.0.2.2/24'] },
  ])
})
afterAll(() => lan.remove())

test('with CAP_SYS_NICE: every thread of the router, and none of the steward', async () => {
  const agent = startAgent({ namespace: lan.namespaceOf('may'), config: CONFIG })
  try {
    await untilRole(agent, 'web', 'active')
    expect(policiesOf(agent.pidOf('router'))).toEqual([SCHED_FIFO])
    expect(policiesOf(agent.pidOf('steward'))).not.toContain(SCHED_FIFO)
    expect(statusOf(agent.stateDir)).toContain('  real-time (SCHED_FIFO)\n')
    expect(agent.log()).not.toContain('not real-time')
  } finally {
    await agent.kill()
  }
})

test('without: a warning in the log, a word in the status, and the election', async () => {
  const through = ['setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice']
  const agent = startAgent({ namespace: lan.namespaceOf('mustnot'), config: CONFIG, through })
  try {
    await untilRole(agent, 'web', 'active')
    const warning = /warning: not real-time: SCHED_FIFO was refused \(.*EPERM.*\); CAP_SYS_NICE allows it/
    await until(() => warning.test(agent.log()), { what: `the warning in:\n${agent.log()}`, withinMs: 5_000 })
    expect((await agent.routerStatus()).realtime.policy).toBe('other')
    expect(statusOf(agent.stateDir)).toMatch(/^ {2}! not real-time: SCHED_FIFO was refused .*CAP_SYS_NICE/m)
    expect(policiesOf(agent.pidOf('router'))).not.toContain(SCHED_FIFO)
  } finally {
    await agent.kill()
  }
})

/** The scheduling policies there are among a process's threads; a thread that ends meanwhile has none. */
function policiesOf(pid: number): number[] {
  const policies = readdirSync(`/proc/${pid}/task`).map((tid) => netio().getScheduler(Number(tid)).policy)
  return [...new Set(policies.map((policy) => policy & 0xff))]
}

function statusOf(stateDir: string): string {
  const args = [BUNDLE, 'status', '--state-dir', stateDir]
  return execFileSync(process.execPath, args, { encoding: 'utf8' })
}

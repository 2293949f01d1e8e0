/** The router runs under SCHED_FIFO where it may. Where it may not it elects all the same, and says so. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { netio } from '../../agent/src/linux/netio.ts'
import { SPIN_LIMIT_MS } from '../../agent/src/router/realtime.ts'
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
    expect(statusOf(agent.stateDir)).toContain(
      `  real-time (SCHED_FIFO), ended if it spins for ${SPIN_LIMIT_MS} ms\n`,
    )
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

describe('a router that runs without a pause', () => {
  const SECONDLY = CONFIG.replace('100ms', '1s')
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-spin-'))
    writeFileSync(path.join(folder, 'spins.cjs'), SPINS)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is ended by the kernel, and the next one resumes before anybody misses it', async () => {
    // On one core, so that whatever goes wrong here leaves the others to the machine.
    const agent = startAgent({
      namespace: lan.namespaceOf('may'),
      config: SECONDLY,
      through: ['taskset', '-c', String(os.availableParallelism() - 1)],
      environment: { NODE_OPTIONS: `--require ${path.join(folder, 'spins.cjs')}` },
    })
    try {
      await untilRole(agent, 'web', 'active', 15_000)
      const pid = agent.pidOf('router')
      process.kill(pid, 'SIGUSR2')
      const said = 'was lost: killed by SIGXCPU: it ran in real time for 1 s without a pause'
      await until(() => agent.log().includes(said), { what: `the loss in:\n${agent.log()}`, withinMs: 3_000 })
      await until(() => agent.pidOf('router') !== pid, { what: 'another router', withinMs: 3_000 })
      await untilRole(agent, 'web', 'active')
      expect((await agent.routerStatus()).virtualRouters[0]?.counters.becameActive).toBe(0)
      expect(agent.log()).not.toMatch(/active → (backup|initialize|fault)/)
    } finally {
      await agent.kill()
    }
  })

  test('is limited alone: neither its steward, nor one that it starts, is', async () => {
    const agent = startAgent({ namespace: lan.namespaceOf('may'), config: CONFIG })
    try {
      await untilRole(agent, 'web', 'active')
      expect(limitsOf(agent.pidOf('router'))).toEqual([String(SPIN_LIMIT_MS * 1_000), 'unlimited'])
      expect(limitsOf(agent.pidOf('steward'))).toEqual(['unlimited', 'unlimited'])
      const steward = agent.pidOf('steward')
      agent.killProcess('steward')
      await until(() => agent.pidOf('steward') !== steward, { what: 'another steward', withinMs: 10_000 })
      expect(limitsOf(agent.pidOf('steward'))).toEqual(['unlimited', 'unlimited'])
      expect(limitsOf(agent.pidOf('router'))).toEqual([String(SPIN_LIMIT_MS * 1_000), 'unlimited'])
    } finally {
      await agent.kill()
    }
  })

  test('is not one that starts a thousand virtual routers: that takes less than half of the limit', async () => {
    const total = 1_000
    const names = ['eth0', 'eth1', 'eth2', 'eth3']
    await addInterfaces(lan.namespaceOf('may'), names.slice(1))
    const limit = `${(SPIN_LIMIT_MS * 1_000) / 2}:unlimited`
    const agent = startAgent({
      namespace: lan.namespaceOf('may'),
      config: routersOn(names, total / names.length),
      // One that is lower already stays.
      through: ['prlimit', `--rttime=${limit}`],
    })
    try {
      const actives = async () =>
        (await agent.routerStatus()).virtualRouters.filter(({ role }) => role === 'active').length
      await until(async () => (await actives()) === total, {
        what: `${total} routers to be active:\n${agent.log()}`,
        withinMs: 30_000,
        everyMs: 200,
      })
      expect(limitsOf(agent.pidOf('router'))[0]).toBe(String((SPIN_LIMIT_MS * 1_000) / 2))
      expect(agent.log()).not.toContain('was lost')
    } finally {
      await agent.kill()
    }
  })
})

/** Makes a router spin when it is told to, and not for ever: it is the kernel that must end it, and if it does not, we do. */
const SPINS = `
if (process.argv[1].endsWith('router.js')) process.on('SIGUSR2', () => {
  for (const end = performance.now() + 5000; performance.now() < end; );
})
`

/** RLIMIT_RTTIME, soft and hard. */
function limitsOf(pid: number): readonly string[] {
  const line = /^Max realtime timeout +(\S+) +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))
  return line?.slice(1) ?? []
}

async function addInterfaces(namespace: string, names: readonly string[]): Promise<void> {
  for (const [i, name] of names.entries()) {
    const macvlan = ['link', 'eth0', 'name', name, 'type', 'macvlan', 'mode', 'bridge']
    await ip('-n', namespace, 'link', 'add', ...macvlan)
    await ip('-n', namespace, 'addr', 'add', `10.${78 + i}.0.1/16`, 'dev', name)
    await ip('-n', namespace, 'link', 'set', 'dev', name, 'up')
  }
}

function routersOn(interfaces: readonly string[], each: number): string {
  const routers = interfaces.flatMap((name, n) =>
    Array.from(
      { length: each },
      (_, i) =>
        `  - { name: ${name}-${i + 1}, interface: ${name}, vrid: ${i + 1}, addresses: [10.${77 + n}.1.${i + 1}/16] }`,
    ),
  )
  return ['node: thousand', 'virtualRouters:', ...routers].join('\n')
}

/** The scheduling policies there are among a process's threads; a thread that ends meanwhile has none. */
function policiesOf(pid: number): number[] {
  const policies = readdirSync(`/proc/${pid}/task`).map((tid) => netio().getScheduler(Number(tid)).policy)
  return [...new Set(policies.map((policy) => policy & 0xff))]
}

function statusOf(stateDir: string): string {
  const args = [BUNDLE, 'status', '--state-dir', stateDir]
  return execFileSync(process.execPath, args, { encoding: 'utf8' })
}

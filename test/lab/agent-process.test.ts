/**
 * Two real agents on one LAN: what happens on the wire and on the host when either of their processes ends, whichever
 * way. Roles are read from the agents, addresses from the kernel.
 */
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { EventBody } from '@aloft/shared/protocol/events'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { parseRecording } from '../../agent/src/router/flight-recorder.ts'
import { replay } from '../../agent/src/router/loop/replay.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { pause, until } from './wait.ts'

const BUNDLE = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const VIP = '192.0.2.100'

let lan: Lan
let one: LabAgent
let two: LabAgent
let recordings = ''

beforeAll(async () => {
  recordings = mkdtempSync(path.join(os.tmpdir(), 'aloft-recordings-'))
  lan = await createLan(`procs${process.pid}`, [
    { name: 'one', addresses: ['192.0.2.1/24'] },
    { name: 'two', addresses: ['192.0.2.2/24'] },
  ])
})
afterAll(async () => {
  await lan.remove()
  rmSync(recordings, { recursive: true })
})

beforeEach(async () => {
  one = start('one', 200)
  two = start('two', 100)
  await untilRole(one, 'web', 'active')
  await untilRole(two, 'web', 'backup')
})
afterEach(async () => {
  await Promise.all([one.kill(), two.kill()])
  for (const host of ['one', 'two']) {
    await lan.setCable(host, true)
    await ip('-n', lan.namespaceOf(host), 'addr', 'flush', 'dev', 'eth0', 'to', `${VIP}/32`)
  }
})

test('the better router is active and holds the address, and both idle quietly', async () => {
  await untilHeldBy('one')
  const before = [cpuMs(one), cpuMs(two)]
  await pause(2_000)
  const [usedByOne = 0, usedByTwo = 0] = [cpuMs(one) - (before[0] ?? 0), cpuMs(two) - (before[1] ?? 0)]
  expect(usedByOne).toBeLessThan(200)
  expect(usedByTwo).toBeLessThan(200)
})

test('a cut cable: the peer takes over, the cut one lets go, and takes back when it is mended', async () => {
  await lan.setCable('one', false)
  await untilRole(two, 'web', 'active')
  expect(transitions(two).at(-1)).toMatchObject({ from: 'backup', to: 'active', reason: 'no-response' })
  expect(transitions(one).at(-1)).toMatchObject({ from: 'active', to: 'fault', reason: 'interface-down' })
  await untilHeldBy('two')
  await lan.setCable('one', true)
  await untilRole(one, 'web', 'active')
  await untilRole(two, 'web', 'backup')
  await untilHeldBy('one')
})

test('kill -9 of the active router process: it resumes, and nobody on the LAN notices', async () => {
  const before = transitions(two).length
  const killedPid = one.pidOf('router')
  one.killProcess('router')
  const events = await until(() => newRun(one, killedPid), { what: 'a new router process', withinMs: 5_000 })
  const resumed = events.find(({ kind }) => kind === 'resumed')
  expect(resumed).toMatchObject({ virtualRouter: 'web', role: 'active', priority: 200 })
  expect(events.filter(({ kind }) => kind === 'transition')).toEqual([])
  // Longer than a backup's patience: had it missed an advertisement too many, it would have taken over by now.
  for (let i = 0; i < 40; i++) {
    expect(await holders()).toEqual(['one'])
    await pause(100)
  }
  expect(transitions(two).length).toBe(before)
  expect(one.log()).toMatch(/was lost: killed by SIGKILL/)
  // What the successor recorded, run through the loop again, observes what the successor observed.
  const { runId } = await one.routerStatus()
  const { inputs } = parseRecording(readFileSync(path.join(recordings, `${runId}.jsonl`), 'utf8'))
  const replayed = replay(inputs).flatMap(({ output }) => (output.do === 'journal' ? [output.body] : []))
  expect(replayed).toEqual(events.filter(({ kind }) => kind !== 'process'))
})

test('told to stop while a killed steward is coming back, the agent stops', async () => {
  const killedPid = one.pidOf('steward')
  const routerPid = one.pidOf('router')
  one.killProcess('steward')
  const isComing = (pid: number) => ![killedPid, routerPid].includes(pid)
  const coming = await until(() => one.processes().find(isComing), {
    what: 'a steward on its way',
    withinMs: 5_000,
    everyMs: 1,
  })
  // It has no handler yet, so the signal ends it; nobody but the router is left to take that for what it means.
  process.kill(coming, 'SIGTERM')
  await until(() => one.processes().length === 0, { what: 'the agent to stop', withinMs: 5_000 })
  expect(await holders()).not.toContain('one')
  expect(transitions(one).at(-1)).toMatchObject({ from: 'active', to: 'initialize', reason: 'shutdown' })
})

test.each(['kept', 'lost'])(
  'a router whose predecessor was silent too long gives up what it left behind, its state directory %s',
  async (fate) => {
    const kept = mkdtempSync(path.join(os.tmpdir(), 'aloft-kept-'))
    if (fate === 'kept')
      cpSync(one.stateDir, kept, { recursive: true, filter: (file) => !file.endsWith('.sock') })
    await one.kill()
    await untilRole(two, 'web', 'active')
    // Nobody removed the dead agent's address: both hosts have it until its successor comes.
    expect(await holders()).toEqual(['one', 'two'])
    const lower = start('one', 50, kept)
    try {
      await untilRole(lower, 'web', 'backup')
      await until(async () => (await holders()).join() === 'two', { what: 'one to let go', withinMs: 2_000 })
    } finally {
      await lower.kill()
      rmSync(kept, { recursive: true })
    }
  },
)

test('kill -9 of the steward: no transition anywhere, and the router starts another', async () => {
  const before = [transitions(one).length, transitions(two).length]
  const spooledBefore = statusOf(one).spool.lastSeq
  const [routerPid, stewardPid] = [one.pidOf('router'), one.pidOf('steward')]
  one.killProcess('steward')
  const hasNew = () =>
    one.pidOf('steward') !== stewardPid &&
    aloft('status', '--json', '--state-dir', one.stateDir).includes('"agent": {')
  await until(hasNew, { what: 'a new steward', withinMs: 10_000, everyMs: 200 })
  await pause(2_000)
  expect(one.pidOf('router')).toBe(routerPid)
  expect([transitions(one).length, transitions(two).length]).toEqual(before)
  const status = statusOf(one)
  expect(status).toMatchObject({
    agent: { node: 'one', pid: one.pidOf('steward') },
    router: { pid: routerPid },
  })
  // The new steward went on with the journal: that the old one was lost, and that it started itself.
  expect(status.spool.lastSeq).toBe(spooledBefore + 2)
})

test('SIGTERM: the address is handed over by priority 0 in much less than a failure takes', async () => {
  const stateDir = one.stateDir
  const before = performance.now()
  process.kill(one.pidOf('steward'), 'SIGTERM')
  await untilRole(two, 'web', 'active')
  // Skew at priority 100 and 1 s is 0.61 s; three silent intervals more would be 3.6 s.
  expect(performance.now() - before).toBeLessThan(1_500)
  expect(transitions(two).at(-1)).toMatchObject({ to: 'active', reason: 'priority' })
  await until(() => !readdirSync(stateDir).includes('steward.lock'), { what: 'the end', withinMs: 5_000 })
  await untilHeldBy('two')
  expect(readdirSync(stateDir).filter((name) => /\.(sock|pid|lock)$/.test(name))).toEqual([])
})

test('a second agent on the same state directory is refused, and told by whom', async () => {
  const { code, stderr } = await run(['agent', '--config', configOf(one), '--state-dir', one.stateDir])
  expect(code).toBe(1)
  expect(stderr).toContain(
    `state directory ${one.stateDir} is in use by another agent (pid ${one.pidOf('steward')})`,
  )
  expect(await one.role('web')).toBe('active')
})

test('SIGHUP with a good file changes what runs', async () => {
  writeFileSync(configOf(one), yaml('one', 90))
  process.kill(one.pidOf('steward'), 'SIGHUP')
  await untilRole(two, 'web', 'active')
  await untilRole(one, 'web', 'backup')
  await untilHeldBy('two')
})

test('SIGHUP with a bad file is refused as a whole, said and recorded; the old one keeps running', async () => {
  const before = transitions(one).length
  writeFileSync(configOf(one), yaml('one', 90).replace('vrid: 51', 'vrid: 256'))
  process.kill(one.pidOf('steward'), 'SIGHUP')
  await until(() => one.log().includes('is refused; revision'), { what: 'the refusal', withinMs: 5_000 })
  expect(one.log()).toMatch(/aloft\.yaml:5:\d+: error: .*vrid/)
  const status = statusOf(one)
  expect(status.agent.config.refused).toMatch(/vrid/)
  expect(transitions(one).length).toBe(before)
  expect(await one.role('web')).toBe('active')
})

test('an interface that is missing is a fault until it appears', async () => {
  const { stateDir } = two
  await two.kill()
  const namespace = lan.namespaceOf('two')
  await ip('-n', namespace, 'link', 'set', 'eth0', 'down', 'name', 'eth9')
  const late = start('two', 250, stateDir)
  try {
    await untilRole(late, 'web', 'fault')
    const said = [
      'warning: there is no interface eth0; until it appears, these are in fault: web',
      'web (vrid 51) initialize → fault on eth0: interface-down',
    ]
    await until(() => said.every((line) => late.log().includes(line)), { what: 'the log', withinMs: 5_000 })
    expect(aloft('status', '--state-dir', stateDir)).toContain(
      '✕ web is in fault: there is no interface eth0; it takes part as soon as there is',
    )
    await ip('-n', namespace, 'link', 'set', 'eth9', 'down', 'name', 'eth0')
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
    await untilRole(late, 'web', 'active')
    expect(aloft('status', '--state-dir', stateDir)).not.toContain('in fault')
    await until(() => late.log().includes('web (vrid 51) fault → backup on eth0: interface-up'), {
      what: 'the log of the recovery',
      withinMs: 5_000,
    })
  } finally {
    await late.kill()
  }
})

test('without the capabilities it says which are missing and what to do', async () => {
  // The account stays root's, so that it can read the checkout wherever that lies.
  const drop = ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs']
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-unprivileged-'))
  const config = path.join(folder, 'aloft.yaml')
  writeFileSync(config, yaml('one', 100), { mode: 0o644 })
  try {
    const args = ['agent', '--config', config, '--state-dir', path.join(folder, 'state')]
    const { code, stderr } = await run(args, ['setpriv', ...drop])
    expect(code).toBe(1)
    expect(stderr).toContain('lacks CAP_NET_ADMIN and CAP_NET_RAW')
    expect(stderr).toContain('AmbientCapabilities=')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('no agent: status says so and exits 1', async () => {
  const { code, stderr } = await run(['status', '--state-dir', '/nonexistent/aloft'])
  expect([code, stderr]).toEqual([
    1,
    'aloft status: no agent is running in /nonexistent/aloft; --state-dir names another place\n',
  ])
})

function start(host: string, priority: number, stateDir?: string): LabAgent {
  return startAgent({
    namespace: lan.namespaceOf(host),
    config: yaml(host, priority),
    environment: { ALOFT_RECORD: recordings },
    ...(stateDir && { stateDir }),
  })
}

function yaml(node: string, priority: number): string {
  return `node: ${node}
virtualRouters:
  - name: web
    interface: eth0
    vrid: 51
    priority: ${priority}
    addresses: [${VIP}/24]
`
}

/** startAgent keeps the config beside the state directory it makes. */
function configOf(agent: LabAgent): string {
  return path.join(agent.stateDir, '../aloft.yaml')
}

/** Who yields goes on answering for a moment (decision 0018). */
async function untilHeldBy(name: string): Promise<void> {
  await until(async () => (await holders()).join() === name, {
    what: `${name} alone to hold it`,
    withinMs: 2_000,
  })
}

async function holders(): Promise<string[]> {
  const found = await Promise.all(
    ['one', 'two'].map(async (host) => {
      const shown = await ip('-n', lan.namespaceOf(host), '-br', 'addr', 'show', 'dev', 'eth0')
      return shown.includes(`${VIP}/`) ? [host] : []
    }),
  )
  return found.flat()
}

/** What each run of a process has observed, in order, as its journal has it. */
function journals(agent: LabAgent): EventBody[][] {
  const folder = path.join(agent.stateDir, 'journal')
  return readdirSync(folder).map((name) =>
    readFileSync(path.join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).body as EventBody),
  )
}

function transitions(agent: LabAgent): EventBody[] {
  return journals(agent)
    .flat()
    .filter(({ kind }) => kind === 'transition')
}

/** The journal of a router process that took the place of the one with `killedPid`, once it has resumed. */
function newRun(agent: LabAgent, killedPid: number): EventBody[] | undefined {
  return journals(agent).find(
    (events) =>
      events.some(({ kind }) => kind === 'resumed') &&
      !events.some((event) => event.kind === 'process' && event.detail === `pid ${killedPid}`),
  )
}

function cpuMs(agent: LabAgent): number {
  const stat = readFileSync(`/proc/${agent.pidOf('router')}/stat`, 'utf8')
  const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return 10 * (Number(user) + Number(system))
}

function statusOf(agent: LabAgent) {
  return JSON.parse(aloft('status', '--json', '--state-dir', agent.stateDir))
}

function aloft(...args: readonly string[]): string {
  return execFileSync(process.execPath, [BUNDLE, ...args], { encoding: 'utf8' })
}

function run(
  args: readonly string[],
  before: readonly string[] = [],
): Promise<{ code: number; stderr: string }> {
  const [program = process.execPath, ...rest] = [...before, process.execPath, BUNDLE, ...args]
  return new Promise((resolve) => {
    const child = execFile(program, rest, (_error, _stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stderr }),
    )
  })
}

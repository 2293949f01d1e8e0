/**
 * A real agent that follows scripts, files, processes and another link, against a real keepalived: what fails on this
 * host moves the address to the other, and back.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { EventBody } from '@aloft/shared/protocol/events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import type { AgentStatus } from '../../agent/src/steward/status-contract.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { type Keepalived, startKeepalived } from './keepalived.ts'
import { type Patience, pause, until as untilWithin } from './wait.ts'

const VIP = '192.0.2.100'
const BUNDLE = path.join(import.meta.dirname, '../../agent/dist/aloft.js')

/** Everything here is a matter of a second or two. */
function until<T>(
  probe: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  { withinMs = 8_000, ...patience }: Omit<Patience, 'withinMs'> & { readonly withinMs?: number },
): Promise<T> {
  return untilWithin(probe, { withinMs, ...patience })
}

let lan: Lan
let folder = ''
let agent: LabAgent
let peer: Keepalived | null = null

beforeAll(async () => {
  lan = await createLan(`track${process.pid}`, [
    { name: 'one', addresses: ['192.0.2.1/24'] },
    { name: 'two', addresses: ['192.0.2.2/24'] },
  ])
})
afterAll(() => lan.remove())
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-tracked-'))
})
afterEach(async () => {
  await agent.kill()
  await peer?.kill()
  peer = null
  rmSync(folder, { recursive: true, force: true })
  await ip('-n', lan.namespaceOf('one'), 'addr', 'flush', 'dev', 'eth0', 'to', `${VIP}/32`)
})

/** A script that is well while a file of its name is there; every run is a line in NAME.runs. */
function script(name: string, body = `test -e ${folder}/${name}.ok`): string {
  const file = path.join(folder, `${name}.sh`)
  writeFileSync(file, `#!/bin/sh\necho run >> ${folder}/${name}.runs\n${body}\n`)
  chmodSync(file, 0o755)
  return file
}
const setWell = (name: string, isWell: boolean) => {
  const file = path.join(folder, `${name}.ok`)
  if (isWell) writeFileSync(file, '')
  else rmSync(file, { force: true })
}
const runs = (name: string) => {
  const file = path.join(folder, `${name}.runs`)
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
}

function config(track: string, trackers: string, interval = '100ms'): string {
  return `node: one
virtualRouters:
  - name: web
    interface: eth0
    vrid: 51
    priority: 150
    advertisementInterval: ${interval}
    addresses: [${VIP}/24]
    track: [${track}]
trackers: ${trackers}
`
}

function start(track: string, trackers: string, interval?: string): void {
  agent = startAgent({ namespace: lan.namespaceOf('one'), config: config(track, trackers, interval) })
}

function startPeer(priority: number): void {
  const router = {
    name: 'web',
    vrid: 51,
    version: 3,
    priority,
    intervalMs: 100,
    addresses: [`${VIP}/24`],
  } as const
  peer = startKeepalived({ namespace: lan.namespaceOf('two'), routers: [router] })
}

async function reload(track: string, trackers: string): Promise<void> {
  const before = (await status()).agent.config.revision
  writeFileSync(agent.configFile, config(track, trackers))
  process.kill(agent.pidOf('steward'), 'SIGHUP')
  await until(async () => (await status()).router?.revision !== before, { what: 'the reload' })
}

async function status(): Promise<AgentStatus> {
  const text = execFileSync(process.execPath, [BUNDLE, 'status', '--json', '--state-dir', agent.stateDir], {
    encoding: 'utf8',
  })
  return JSON.parse(text)
}

/** What was observed so far, whether it is in the journal, in the spool, or for a moment in both. */
function events(): EventBody[] {
  const lines = ['spool', 'journal'].flatMap((name) => {
    const place = path.join(agent.stateDir, name)
    if (!existsSync(place)) return []
    return readdirSync(place).flatMap((file) => readFileSync(path.join(place, file), 'utf8').split('\n'))
  })
  const found = new Map<string, { readonly monoMs: number; readonly body: EventBody }>()
  for (const line of lines) {
    if (!line.includes('"body":')) continue
    try {
      const { at, body } = JSON.parse(line.slice(line.indexOf('{')))
      found.set(`${at.monoMs} ${JSON.stringify(body)}`, { monoMs: at.monoMs, body })
    } catch {
      // A line that is being written.
    }
  }
  return [...found.values()].sort((a, b) => a.monoMs - b.monoMs).map(({ body }) => body)
}

const untilPriority = (priority: number, withinMs = 5_000) =>
  until(async () => (await agent.routerStatus()).virtualRouters[0]?.priority === priority, {
    what: `priority ${priority}; the agent says:\n${agent.log()}`,
    withinMs,
  })
const untilPeer = (state: 'MASTER' | 'BACKUP') =>
  until(() => peer?.state('web') === state, {
    what: `keepalived to be ${state}:\n${peer?.log()}`,
    withinMs: 8_000,
  })

describe('a script', () => {
  it('of weight 0 that fails is a fault: keepalived takes over, and gives back when it is well again', async () => {
    setWell('haproxy', true)
    startPeer(100)
    start(
      '{ script: haproxy }',
      `{ scripts: [{ name: haproxy, command: [${script('haproxy')}], interval: 100ms, timeout: 2s, fall: 2, rise: 2 }] }`,
    )
    await untilRole(agent, 'web', 'active')
    await untilPeer('BACKUP')
    setWell('haproxy', false)
    await untilPeer('MASTER')
    expect(await agent.role('web')).toBe('fault')
    const { router, trackers } = await status()
    expect(router?.virtualRouters[0]?.faults).toEqual([{ reason: 'tracker', what: 'script haproxy failed' }])
    expect(trackers).toMatchObject([{ kind: 'script', name: 'haproxy', state: 'down', why: 'exit status 1' }])
    setWell('haproxy', true)
    await untilRole(agent, 'web', 'active')
    await untilPeer('BACKUP')
    await until(() => events().filter(({ kind }) => kind === 'tracker').length === 3, { what: 'the events' })
    expect(events().filter(({ kind }) => kind === 'tracker')).toMatchObject([
      { name: 'haproxy', state: 'up' },
      { name: 'haproxy', state: 'down' },
      { name: 'haproxy', state: 'up' },
    ])
  })

  it('with a weight moves the priority: keepalived takes over while it is the lower one', async () => {
    setWell('haproxy', true)
    startPeer(120)
    start(
      '{ script: haproxy, weight: -50 }',
      `{ scripts: [{ name: haproxy, command: [${script('haproxy')}], interval: 100ms, timeout: 2s }] }`,
    )
    await untilRole(agent, 'web', 'active')
    await untilPeer('BACKUP')
    setWell('haproxy', false)
    await untilPriority(100)
    await untilPeer('MASTER')
    await untilRole(agent, 'web', 'backup')
    setWell('haproxy', true)
    await untilRole(agent, 'web', 'active')
    await untilPeer('BACKUP')
    const moves = await until(
      () => {
        const found = events().filter(({ kind }) => kind === 'priority')
        return found.length >= 2 && found
      },
      { what: 'the events' },
    )
    expect(moves).toMatchObject([
      { from: 150, to: 100, why: 'script haproxy 0 → -50' },
      { from: 100, to: 150, why: 'script haproxy -50 → 0' },
    ])
  })

  it('that hangs is ended with all it started, and never runs twice at once', async () => {
    const hang = script('hang', `trap '' TERM\nsleep 1000 & echo $! >> ${folder}/children\nwait\nsleep 1000`)
    start(
      '{ script: hang, weight: -10 }',
      `{ scripts: [{ name: hang, command: [${hang}], interval: 100ms, timeout: 300ms }] }`,
    )
    await untilPriority(140)
    expect((await status()).trackers[0]?.why).toBe('not over after 300 ms')
    // A second run begins only when the first is gone: two seconds after it was asked to end.
    await until(() => runs('hang') === 2, { what: 'a second run', withinMs: 5_000 })
    const [first = ''] = readFileSync(path.join(folder, 'children'), 'utf8').split('\n')
    expect(isAlive(first)).toBe(false)
    // A shell that is about to start a program is seen twice for a moment.
    await until(() => processesOf(hang).length === 1, { what: 'one run, not two' })
    await agent.stop()
    await until(() => processesOf(hang).length === 0, { what: 'the last run to end', withinMs: 5_000 })
  })

  it('that vanishes while the agent runs is a failing check, not a missing one', async () => {
    setWell('gone', true)
    start(
      '{ script: gone }',
      `{ scripts: [{ name: gone, command: [${script('gone')}], interval: 100ms, timeout: 2s }] }`,
    )
    await untilRole(agent, 'web', 'active')
    rmSync(path.join(folder, 'gone.sh'))
    await untilRole(agent, 'web', 'fault')
    expect((await status()).trackers[0]?.why).toMatch(/gone\.sh does not exist/)
  })

  it('that is missing or insecure refuses the config; a check of it on another host only warns', async () => {
    const open = script('open')
    chmodSync(open, 0o777)
    start(
      '{ script: open }, { script: none }',
      `{ scripts: [{ name: open, command: [${open}] }, { name: none, command: [/no/such/program] }] }`,
    )
    await until(() => agent.processes().length === 0 && agent.log().includes('no/such'), {
      what: 'the refusal',
    })
    expect(agent.log()).toMatch(/aloft\.yaml:10:46: error: .*open\.sh can be written by others than root/)
    expect(agent.log()).toMatch(/\/no\/such\/program does not exist/)
    const checked = execFileSync(process.execPath, [BUNDLE, 'check', agent.configFile], { encoding: 'utf8' })
    expect(checked).toMatch(/warning: trackers\.scripts\[1\]: \/no\/such\/program does not exist/)
    expect(checked).toMatch(/can be used: .* 2 warnings/)
  })

  it('runs as the user it names, without groups of ours', async () => {
    const whoami = script('whoami', `id > ${folder}/id`)
    writeFileSync(path.join(folder, 'id'), '')
    chmodSync(path.join(folder, 'id'), 0o666)
    chmodSync(folder, 0o755)
    writeFileSync(path.join(folder, 'whoami.runs'), '')
    chmodSync(path.join(folder, 'whoami.runs'), 0o666)
    start(
      '{ script: whoami }',
      `{ scripts: [{ name: whoami, command: [${whoami}], interval: 100ms, timeout: 2s, user: nobody }] }`,
    )
    await untilRole(agent, 'web', 'active')
    // Each run writes it anew, and has it empty for a moment.
    const id = await until(() => readFileSync(path.join(folder, 'id'), 'utf8') || null, {
      what: 'what it wrote',
    })
    expect(id).toMatch(/^uid=\d+\(nobody\) gid=\d+\(nogroup\) groups=\d+\(nogroup\)\n$/)
  })
})

describe('restarts', () => {
  const trackers = () =>
    `{ scripts: [{ name: haproxy, command: [${script('haproxy')}], interval: 100ms, timeout: 2s, fall: 3, rise: 3 }] }`

  it('kill -9 of the steward changes nothing, whether the script is well or not', async () => {
    setWell('haproxy', true)
    start('{ script: haproxy }', trackers())
    await untilRole(agent, 'web', 'active')
    const before = transitions()
    await killSteward()
    await until(() => agent.log().split('aloft agent: router ').length > 1, { what: 'a new steward' })
    const seen = runs('haproxy')
    await until(() => runs('haproxy') > seen + 3, { what: 'the new steward to run the script' })
    expect(transitions()).toEqual(before)
    setWell('haproxy', false)
    await untilRole(agent, 'web', 'fault')
    await killSteward()
    const failed = runs('haproxy')
    await until(() => runs('haproxy') > failed + 3, { what: 'the new steward to run the script' })
    expect(await agent.role('web')).toBe('fault')
  })

  it('kill -9 of the steward while a script runs: the next steward ends that run before it begins its own', async () => {
    const slow = script('slow', 'sleep 30')
    start(
      '{ script: slow, weight: -10 }',
      `{ scripts: [{ name: slow, command: [${slow}], interval: 60s, timeout: 60s }] }`,
    )
    await until(() => processesOf(slow).length === 1, { what: 'the script' })
    const [first] = processesOf(slow)
    await killSteward()
    await until(() => runs('slow') === 2, { what: 'its second run' })
    expect(isAlive(first ?? '')).toBe(false)
    await until(() => processesOf(slow).filter(isAlive).length === 1, { what: 'one run only' })
  })

  it('kill -9 of the router: it resumes as active, by what the script said last', async () => {
    setWell('haproxy', true)
    // A router resumes within two intervals, and a node process takes a third of a second to start.
    start('{ script: haproxy }', trackers(), '1s')
    await untilRole(agent, 'web', 'active')
    const { runId } = await agent.routerStatus()
    agent.killProcess('router')
    await until(
      async () =>
        (await agent.routerStatus().catch(() => null))?.runId !== runId &&
        (await agent.role('web').catch(() => '')) === 'active',
      {
        what: 'the successor to be active',
      },
    )
    await until(() => events().some(({ kind }) => kind === 'resumed'), { what: 'the resumption' })
    expect(events().filter((body) => body.kind === 'transition' && body.to === 'fault')).toHaveLength(1)
  })

  it('aloft upgrade: the new router goes by what the old one was told', async () => {
    setWell('haproxy', true)
    const file = path.join(folder, 'level')
    writeFileSync(file, '-30')
    const [script] = /scripts: (.*) }$/.exec(trackers())?.slice(1) ?? []
    start(
      '{ script: haproxy }, { file: level }',
      `{ scripts: ${script}, files: [{ name: level, path: ${file} }] }`,
    )
    await untilRole(agent, 'web', 'active')
    await untilPriority(120)
    const { runId } = await agent.routerStatus()
    const before = transitions()
    execFileSync(process.execPath, [BUNDLE, 'upgrade', '--state-dir', agent.stateDir])
    const router = await until(
      async () => {
        const found = await agent.routerStatus()
        return found.runId !== runId && found.virtualRouters[0]
      },
      { what: 'the new router' },
    )
    expect(router).toMatchObject({ role: 'active', priority: 120 })
    const seen = runs('haproxy')
    await until(() => runs('haproxy') > seen + 3, { what: 'the script to be run on' })
    expect(transitions()).toBe(before)
    expect(events().filter(({ kind }) => kind === 'priority')).toHaveLength(1)
  })

  const transitions = () => events().filter(({ kind }) => kind === 'transition').length

  async function killSteward(): Promise<void> {
    const pid = agent.pidOf('steward')
    process.kill(pid, 'SIGKILL')
    await until(() => agent.pidOf('steward') !== pid && existsSync(`/proc/${agent.pidOf('steward')}`), {
      what: 'a new steward',
    })
    await until(() => status().then(({ agent }) => agent !== null), { what: 'its status' })
  }
})

describe('a link that is followed', () => {
  const move = (state: 'up' | 'down') => ip('-n', lan.namespaceOf('one'), 'link', 'set', 'far', state)

  it('moves the priority as it goes, comes and vanishes; downDelay holds back a flap', async () => {
    await ip('-n', lan.namespaceOf('one'), 'link', 'add', 'far', 'type', 'veth', 'peer', 'name', 'near')
    await ip('-n', lan.namespaceOf('one'), 'link', 'set', 'near', 'up')
    await move('up')
    const interfaces = 'interfaces: [{ name: far, downDelay: 1s }]'
    const text = `${config('{ interface: far, weight: -40 }', '{}')}${interfaces}\n`
    agent = startAgent({ namespace: lan.namespaceOf('one'), config: text })
    await untilRole(agent, 'web', 'active')
    await move('down')
    await move('up')
    await pause(1_300)
    expect(events().filter(({ kind }) => kind === 'priority')).toEqual([])
    await move('down')
    await untilPriority(110)
    await move('up')
    await untilPriority(150)
    await ip('-n', lan.namespaceOf('one'), 'link', 'del', 'far')
    // Nothing can be heard on what is not there: no delay.
    await untilPriority(110, 900)
    expect((await status()).router?.virtualRouters[0]?.tracking).toEqual([
      { tracker: 'interface far', state: 'down', weight: -40, reverse: false, points: -40, fault: null },
    ])
  })
})

describe('a script that flaps', () => {
  it('faster than its fall and rise moves nothing', async () => {
    // Well, well, failing, and again: never two bad ones in a row.
    const flap = script('flap', `test $(( $(wc -l < ${folder}/flap.runs) % 3 )) -ne 0`)
    start(
      '{ script: flap }',
      `{ scripts: [{ name: flap, command: [${flap}], interval: 50ms, timeout: 2s, fall: 2, rise: 2 }] }`,
    )
    await untilRole(agent, 'web', 'active')
    const before = runs('flap')
    await until(() => runs('flap') > before + 12, { what: 'a dozen runs' })
    expect(events().filter(({ kind }) => kind === 'tracker')).toHaveLength(1)
    expect(await agent.role('web')).toBe('active')
  })
})

describe('files', () => {
  it('a number moves the priority, however it is written; what is no number changes nothing', async () => {
    const file = path.join(folder, 'sub', 'drain')
    start('{ file: drain }', `{ files: [{ name: drain, path: ${file} }] }`)
    await untilRole(agent, 'web', 'active')
    execFileSync('mkdir', [path.dirname(file)])
    writeFileSync(file, '-20\n')
    await untilPriority(130)
    // As editors do: another file, renamed over it.
    writeFileSync(`${file}.new`, '15')
    execFileSync('mv', [`${file}.new`, file])
    await untilPriority(165)
    writeFileSync(file, 'draining')
    await until(async () => (await status()).trackers[0]?.why.includes('not one whole number'), {
      what: 'the complaint',
    })
    expect((await agent.routerStatus()).virtualRouters[0]?.priority).toBe(165)
    rmSync(path.dirname(file), { recursive: true })
    await untilPriority(150)
    execFileSync('mkdir', [path.dirname(file)])
    writeFileSync(file, '-254')
    await untilRole(agent, 'web', 'fault')
    writeFileSync(file, '0')
    await untilRole(agent, 'web', 'active')
  })

  it('init_file: written where there is none, and not again by a steward that is restarted', async () => {
    const file = path.join(folder, 'level')
    start(
      '{ file: level }',
      `{ files: [{ name: level, path: ${file}, initial: { value: 7, overwrite: true } }] }`,
    )
    await untilPriority(157)
    expect(readFileSync(file, 'utf8')).toBe('7\n')
    writeFileSync(file, '9')
    await untilPriority(159)
    const pid = agent.pidOf('steward')
    process.kill(pid, 'SIGKILL')
    await until(() => agent.pidOf('steward') !== pid, { what: 'a new steward' })
    await until(
      () =>
        status()
          .then(({ trackers }) => trackers[0]?.value === 9)
          .catch(() => false),
      { what: 'its look at the file' },
    )
    expect(readFileSync(file, 'utf8')).toBe('9')
  })
})

describe('processes', () => {
  it('a quorum of them, in a namespace where the kernel tells nothing of them', async () => {
    start(
      '{ process: sleepers, weight: -30 }',
      `{ processes: [{ name: sleepers, command: sleep, arguments: ["98765.${process.pid}"], quorum: 2 }] }`,
    )
    await untilPriority(120)
    const sleepers = [1, 2].map(() => spawn('sleep', [`98765.${process.pid}`], { stdio: 'ignore' }))
    try {
      await untilPriority(150)
      expect(agent.log()).toMatch(/the kernel tells nothing of processes here/)
      sleepers[0]?.kill('SIGKILL')
      await untilPriority(120)
    } finally {
      for (const each of sleepers) each.kill('SIGKILL')
    }
  })
})

describe('a reload', () => {
  it('adds, changes and removes trackers, and touches nothing else', async () => {
    for (const name of ['a', 'b']) setWell(name, true)
    const one = (name: string, more = '') =>
      `{ name: ${name}, command: [${script(name)}], interval: 100ms, timeout: 2s${more} }`
    const [a, b] = [one('a'), one('b')]
    start('{ script: a }', `{ scripts: [${a}] }`)
    await untilRole(agent, 'web', 'active')
    const transitions = () => events().filter(({ kind }) => kind === 'transition').length
    const before = transitions()
    await reload('{ script: a }, { script: b, weight: 20 }', `{ scripts: [${a}, ${b}] }`)
    await untilPriority(170)
    await reload('{ script: a }, { script: b, weight: 30 }', `{ scripts: [${one('a', ', fall: 2')}, ${b}] }`)
    await untilPriority(180)
    await reload('{ script: a }', `{ scripts: [${a}] }`)
    await untilPriority(150)
    setWell('c', true)
    await reload('{ script: a }, { script: c }', `{ scripts: [${a}, ${one('c')}] }`)
    await until(() => runs('c') > 0, { what: 'a check of weight 0 that was added' })
    const ran = runs('b')
    await pause(400)
    expect(runs('b')).toBe(ran)
    expect(await agent.role('web')).toBe('active')
    expect(transitions()).toBe(before)
  })
})

function isAlive(pid: string): boolean {
  // One that nobody has buried yet is dead all the same.
  return existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/** Processes whose command line names this file. */
function processesOf(file: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(file)
    } catch {
      return false
    }
  })
}

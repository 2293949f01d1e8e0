import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { routerConfig } from '../vrrp/examples.test.support.ts'
import type { RouterInput } from '../world/router-world.ts'
import { bootId } from './boot-identity.ts'
import type { JournalLine, RouterMessage } from './contract.ts'
import { parseRecording } from './flight-recorder.ts'
import { advertisementFrom, FakeWorld } from './loop/fake-world.test.support.ts'
import { replay } from './loop/replay.ts'
import { RouterLoop } from './loop/router-loop.ts'
import { type Loop, RouterProcess, type WorldParts } from './router-process.ts'
import { prepareStateDirectory, type StatePaths, statePaths } from './state-directory.ts'

const config = routerConfig({ priority: 200 })
const running = { revision: 'r1', config: { ...AGENT_DEFAULTS, node: 'one', virtualRouters: [config] } }

let paths: StatePaths
let fake: FakeWorld
let input: RouterInput
let log: string[]
let open: { router: RouterProcess; sockets: Socket[] }

beforeEach(() => {
  paths = statePaths(mkdtempSync(path.join(tmpdir(), 'aloft-router-')))
  prepareStateDirectory(paths)
  fake = new FakeWorld()
  log = []
})
afterEach(() => {
  for (const socket of open.sockets) socket.destroy()
  open.router.stop({ now: true })
  rmSync(paths.directory, { recursive: true })
})

test('boots alone from the running configuration, and elects', async () => {
  writeFileSync(paths.runningConfig, JSON.stringify(running))
  await start()
  fake.advance(input, 5_000)
  expect(open.router.status().virtualRouters).toMatchObject([{ virtualRouter: 'web', role: 'active' }])
  expect(kinds()).toEqual(['process', 'transition', 'transition'])
})

test('waits without one, and keeps what it is given', async () => {
  await start()
  const client = await connected()
  client.send({ kind: 'configure', ...running })
  expect(await client.next('configured')).toEqual({ kind: 'configured', revision: 'r1' })
  expect(JSON.parse(readFileSync(paths.runningConfig, 'utf8'))).toEqual(running)
  expect(open.router.status()).toMatchObject({ revision: 'r1' })
})

test.each([
  ['not json', 'not a JSON object with a kind'],
  ['{"kind":"dance"}', 'unknown kind of message'],
  ['{"kind":"configure","revision":"r2","config":{"virtualRouters":[{}]}}', 'carries no configuration'],
  ['{"kind":"configure","revision":"r2"}', 'carries no configuration'],
])('refuses %s, and goes on', async (line, error) => {
  writeFileSync(paths.runningConfig, JSON.stringify(running))
  await start()
  const client = await connected()
  client.write(`${line}\n`)
  expect(await client.next('refused')).toEqual({ kind: 'refused', error: expect.stringContaining(error) })
  client.send({ kind: 'status', id: 7 })
  expect(await client.next('status')).toMatchObject({ id: 7, status: { revision: 'r1' } })
})

test('a line without end is cut off, and nobody else notices', async () => {
  await start()
  const [bad, good] = [await connected(), await connected()]
  bad.write('x'.repeat(5 * 1024 * 1024))
  expect(await bad.next('refused')).toMatchObject({ error: expect.stringContaining('line longer than') })
  good.send({ kind: 'status', id: 1 })
  await good.next('status')
})

test('a socket file of a dead router is replaced, and only its owner may connect', async () => {
  writeFileSync(paths.routerSocket, 'stale')
  await start()
  expect(statSync(paths.routerSocket).mode & 0o777).toBe(0o600)
  await connected()
})

test('resumes what its predecessor was active for a moment ago', async () => {
  writeFileSync(paths.runningConfig, JSON.stringify(running))
  leave({ gapMs: 300 })
  await start()
  expect(open.router.status().virtualRouters).toMatchObject([{ role: 'active' }])
  expect(kinds()).toEqual(['process', 'resumed'])
  expect(fake.done.filter((each) => each.startsWith('release'))).toEqual([])
})

test('starts over when that was too long ago, and lets go of the addresses first', async () => {
  writeFileSync(paths.runningConfig, JSON.stringify(running))
  leave({ gapMs: 2_500 })
  await start()
  expect(open.router.status().virtualRouters).toMatchObject([{ role: 'backup' }])
  expect(fake.done[0]).toBe('release eth0 192.0.2.100')
})

test('a datagram that makes the loop throw: dropped, counted, recorded once, and the election goes on', async () => {
  writeFileSync(paths.runningConfig, JSON.stringify(running))
  await start((loop) => {
    const receive = loop.datagram.bind(loop)
    loop.datagram = (datagram) => {
      if (datagram.ttl === 1) throw new Error('poison')
      receive(datagram)
    }
    return loop
  })
  const poison = { ...advertisementFrom(config), ttl: 1 }
  for (let i = 0; i < 3; i++) input.datagram(poison)
  expect(open.router.status().inputErrors).toBe(3)
  expect(readdirSync(paths.recordings).length).toBe(1)
  expect(log[0]).toMatch(/dropped a datagram from 192\.0\.2\.2 on eth0: Error: poison/)
  fake.advance(input, 5_000)
  expect(open.router.status().virtualRouters).toMatchObject([{ role: 'active' }])
})

test('a crash leaves a recording that replays to the same outputs, and releases nothing', async () => {
  writeFileSync(paths.runningConfig, JSON.stringify(running))
  await start()
  fake.advance(input, 2_000)
  input.datagram(advertisementFrom(config, { priority: 100 }))
  fake.advance(input, 5_000)
  open.router.crash(new Error('our own bug'))
  const [name = ''] = readdirSync(paths.recordings)
  expect(name).toMatch(/-crash\.jsonl$/)
  const { header, inputs } = parseRecording(readFileSync(path.join(paths.recordings, name), 'utf8'))
  expect(header.complete).toBe(true)
  const journalled = fake.events.map(({ body }) => body)
  const replayed = replay(inputs).flatMap(({ output }) => (output.do === 'journal' ? [output.body] : []))
  expect(journalled.length).toBeGreaterThan(1)
  expect(replayed).toEqual(journalled)
  expect(fake.done.filter((each) => each.startsWith('release'))).toEqual([])
  expect(log[0]).toMatch(/crashed: Error: our own bug/)
})

test('asked for a recording, it says where it is', async () => {
  await start()
  const client = await connected()
  client.send({ kind: 'dump', id: 3 })
  const answer = await client.next('recording')
  expect(answer).toMatchObject({ id: 3, error: null })
  expect(answer.kind === 'recording' && existsSync(answer.path ?? '')).toBe(true)
})

test('told to shut down: resigns, releases, says goodbye, leaves nobody a role to resume', async () => {
  writeFileSync(paths.runningConfig, JSON.stringify(running))
  await start()
  fake.advance(input, 5_000)
  const client = await connected()
  fake.take()
  client.send({ kind: 'shutdown' })
  await vi.waitFor(() =>
    expect(open.router.status().virtualRouters).toMatchObject([{ role: 'initialize', isLeaving: true }]),
  )
  // Nobody takes over: it waits as long as the slowest backup would, and no longer.
  fake.advance(input, 1_100)
  await client.next('goodbye')
  const done = fake.take().map((each) => each.split(' ')[0])
  expect(done.slice(0, 3)).toEqual(['send', 'journal', 'release'])
  expect(JSON.parse(readFileSync(paths.routerState, 'utf8')).routers).toEqual([])
  expect(lines().at(-1)?.body).toMatchObject({ kind: 'process', what: 'stopped' })
})

test('rings for whoever is connected when something was observed', async () => {
  await start()
  const client = await connected()
  client.send({ kind: 'configure', ...running })
  await client.next('journal')
})

async function start(change: (loop: RouterLoop) => Loop = (loop) => loop): Promise<void> {
  const router = new RouterProcess({
    startSuccessor: () => {},
    passLock: () => {},
    paths,
    clock: fake.clock,
    createWorld: ({ journal, recorder }: WorldParts) => {
      // Both see it: the process's own recorder and journal, and the fake that the test reads.
      const both = {
        record: (entry: Parameters<typeof recorder.record>[0]) => {
          recorder.record(entry)
          fake.recorder.record(entry)
        },
        append: (...entry: Parameters<typeof journal.append>) => {
          journal.append(...entry)
          fake.journal.append(...entry)
        },
      }
      const { clock, alarm, links, holdings, virtualLinks } = fake
      return {
        world: { clock, alarm, links, holdings, virtualLinks, journal: both, recorder: both },
        listen: (to) => {
          input = to
        },
        held: () => [],
        removeLeft: (left) => fake.holdings.release(left),
        removeLeftRouting() {},
        close() {},
      }
    },
    createLoop: (world) => change(new RouterLoop(world)),
    realtime: { policy: 'other', detail: null, spinLimitMs: null },
    startSteward: null,
    recordTo: null,
    log: (text) => log.push(text),
    stopped() {},
  })
  open = { router, sockets: [] }
  await router.start()
}

/** What a process that was active for `config` left when it was killed. */
function leave({ gapMs }: { gapMs: number }): void {
  const { name, vrid, family, addresses } = config
  const entry = { name, interface: config.interface, vrid, family, role: 'active', addresses }
  const left = { runId: 'dead', bootId: bootId(), routers: [entry] }
  writeFileSync(paths.routerState, JSON.stringify(left))
  writeFileSync(paths.routerAlive, `${fake.nowMs - gapMs} ${bootId()} dead\n`)
}

function lines(): JournalLine[] {
  return readdirSync(paths.journal).flatMap((name) =>
    readFileSync(path.join(paths.journal, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalLine),
  )
}

function kinds(): string[] {
  return lines().map(({ body }) => body.kind)
}

async function connected() {
  const socket = connect(paths.routerSocket)
  open.sockets.push(socket)
  const received: RouterMessage[] = []
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    const parts = (text + chunk.toString()).split('\n')
    text = parts.pop() ?? ''
    received.push(...parts.map((line) => JSON.parse(line) as RouterMessage))
  })
  const next = (kind: RouterMessage['kind']) =>
    expect
      .poll(() => received.find((message) => message.kind === kind), { timeout: 3_000 })
      .toBeDefined()
      .then(() => received.find((message) => message.kind === kind) as RouterMessage)
  await next('hello')
  return {
    next,
    write: (raw: string) => socket.write(raw),
    send: (message: object) => socket.write(`${JSON.stringify(message)}\n`),
  }
}

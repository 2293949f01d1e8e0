import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EventBody } from '@aloft/shared/protocol/events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSpool, type Spool } from '../node/spool.ts'
import { JournalReader, type JournalReaderOptions } from './journal-reader.ts'

let root = ''
let spool: Spool
const readers: JournalReader[] = []
let routerRun: string | null = null
let nowMs = 1_000_000

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'aloft-journal-'))
  mkdirSync(path.join(root, 'journal'))
  routerRun = null
  nowMs = Date.now() + 60_000
  spool = await reopen()
})
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.stop()
  await spool.close()
  rmSync(root, { recursive: true, force: true })
})

const observed = () => ({ wallMs: nowMs, monoMs: nowMs, bootId: 'boot' })

function reopen(): Promise<Spool> {
  return openSpool({ directory: path.join(root, 'spool'), wallMs: () => nowMs, observed, log: () => {} })
}

function reader(over: Partial<JournalReaderOptions> = {}): JournalReader {
  const one = new JournalReader({
    directory: path.join(root, 'journal'),
    spool,
    ownRun: 'own',
    routerRun: async () => routerRun,
    observed,
    log: (text) => {
      throw new Error(text)
    },
    pollMs: 10,
    ...over,
  })
  readers.push(one)
  return one
}

function file(name: string): string {
  return path.join(root, 'journal', `${name}.jsonl`)
}

function line(n: number, monoMs = n, bootId = 'boot'): string {
  return `${JSON.stringify({ n, at: { wallMs: n, monoMs, bootId }, body: { kind: 'link', interface: `eth${n}`, up: true } })}\n`
}

function write(name: string, ...lines: string[]): void {
  appendFileSync(file(name), lines.join(''))
}

/** The spooled events as they read: `RUN` is not in them, so the interface's number, or a gap. */
async function story(): Promise<(string | EventBody)[]> {
  const events = await spool.read(0, { countMax: 1e6, bytesMax: 1e9 })
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
  return events.map(({ body }) => (body.kind === 'link' ? body.interface : body))
}

describe('the journal reader', () => {
  it('spools every line once, over restarts of the steward at any point', async () => {
    write('r-1', line(1), line(2))
    await reader().drain()
    await spool.close()
    spool = await reopen()
    write('r-1', line(3))
    const second = reader()
    await second.drain()
    await second.drain()
    expect(await story()).toEqual(['eth1', 'eth2', 'eth3'])
  })

  it('leaves a line that is being written for the next pass', async () => {
    const whole = line(2)
    write('r-1', line(1), whole.slice(0, 20))
    const one = reader()
    await one.drain()
    expect(await story()).toEqual(['eth1'])
    write('r-1', whole.slice(20))
    await one.drain()
    expect(await story()).toEqual(['eth1', 'eth2'])
  })

  it('notices what nobody told it of', async () => {
    const one = reader()
    one.grew()
    await one.drain()
    write('r-1', line(1))
    while (spool.condition.lastSeq === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await story()).toEqual(['eth1'])
  })

  it('reads runs in the order they began, boots before later boots, and segments by number', async () => {
    write('zz-9', line(31, 300))
    write('zz-10', line(32, 320))
    write('aa-1', line(41, 400))
    write('mm-1', line(11, 900, 'earlier-boot'))
    utimesSync(file('mm-1'), 1, 1)
    await spool.append([
      { ...event(10), from: { run: 'mm', n: 10 } },
      { ...event(30), from: { run: 'zz', n: 30 } },
    ])
    await spool.append([{ ...event(40), from: { run: 'aa', n: 40 } }])
    await reader().drain()
    expect((await story()).slice(3)).toEqual(['eth11', 'eth31', 'eth32', 'eth41'])
  })

  it('takes runs that began in the same millisecond in the order their files were last written', async () => {
    write('aa-1', line(1, 100).replace('eth1', 'eth2'))
    write('zz-1', line(1, 100))
    utimesSync(file('zz-1'), 1, 1)
    utimesSync(file('aa-1'), 2, 2)
    await reader().drain()
    expect(await story()).toEqual(['eth1', 'eth2'])
  })

  it('does not end a run that wrote on while it was asked who is alive', async () => {
    write('r-1', line(1))
    const one = reader({
      routerRun: async () => {
        write('r-1', line(2))
        return 'newer'
      },
      pollMs: 60_000,
    })
    await one.drain()
    nowMs += 10_000
    await one.drain()
    expect(existsSync(file('r-1')), 'the line is in no spool yet').toBe(true)
    await one.drain()
    expect(await story()).toEqual(['eth1', 'eth2'])
  })

  it('says how many lines an unreadable stretch had, as the next number tells', async () => {
    write('r-1', line(1), '{"n":2,"at"\u0000\n', 'garbage\n', line(4))
    await reader().drain()
    const gap = { kind: 'gap', count: 2, cause: 'journal-corrupt', fromWallMs: 1, toWallMs: 4 }
    expect(await story()).toEqual(['eth1', gap, 'eth4'])
  })

  it('says nothing of garbage that replaced no line', async () => {
    write('r-1', line(1), 'garbage\n', line(2))
    await reader().drain()
    expect(await story()).toEqual(['eth1', 'eth2'])
  })

  it('reads past a line longer than any that is written', async () => {
    write('r-1', line(1), `${'x'.repeat(700_000)}\n`, line(2))
    await reader().drain()
    expect(await story()).toEqual(['eth1', 'eth2'])
  })

  it('deletes a segment when the next one began, and all of a run when it is dead', async () => {
    write('r-1', line(1))
    write('r-2', line(2))
    const one = reader()
    await one.drain()
    expect([existsSync(file('r-1')), existsSync(file('r-2'))]).toEqual([false, true])
    // Not while no router answers: it could be that one.
    nowMs += 10_000
    await one.drain()
    expect(existsSync(file('r-2'))).toBe(true)
    nowMs += 10_000
    routerRun = 'r'
    await one.drain()
    expect(existsSync(file('r-2'))).toBe(true)
    nowMs += 10_000
    routerRun = 'newer'
    await one.drain()
    expect(spool.lastLineOf('r'), 'no line of it can come again').toBe(0)
    expect(existsSync(file('r-2'))).toBe(false)
    expect(await story()).toEqual(['eth1', 'eth2'])
  })

  it('counts no line as read that the spool would not take', async () => {
    write('r-1', line(1), line(2))
    const said: string[] = []
    let refusals = 2
    const refusing = {
      append: (events: Parameters<Spool['append']>[0]) =>
        refusals-- > 0 ? Promise.reject(new Error('no room')) : spool.append(events),
      lastLineOf: (run: string) => spool.lastLineOf(run),
      keepRuns: (runs: ReadonlySet<string>) => spool.keepRuns(runs),
    } as unknown as Spool
    const one = reader({ spool: refusing, log: (text) => void said.push(text), pollMs: 60_000 })
    for (let i = 0; i < 3; i++) await one.drain()
    expect(await story()).toEqual(['eth1', 'eth2'])
    expect(said).toEqual(['journal: no room', 'journal: no room'])
  })

  it('tells a torn last line also where a new file was begun after it, and never written', async () => {
    write('r-1', line(1), line(2).slice(0, 20))
    write('r-2', '')
    routerRun = 'newer'
    const one = reader()
    await one.drain()
    nowMs += 10_000
    await one.drain()
    expect(await story()).toEqual(['eth1', expect.objectContaining({ kind: 'gap', count: null })])
  })

  it('never ends its own run', async () => {
    write('own-1', line(1))
    routerRun = 'r'
    const one = reader()
    await one.drain()
    nowMs += 10_000
    await one.drain()
    expect(existsSync(file('own-1'))).toBe(true)
  })

  it('tells a torn last line of a dead run as a gap of unknown size, once', async () => {
    write('r-1', line(1), '{"n":2,"at":{"wal')
    routerRun = 'newer'
    const one = reader()
    await one.drain()
    nowMs += 10_000
    await one.drain()
    await one.drain()
    const gap = {
      kind: 'gap',
      count: null,
      cause: 'journal-corrupt',
      fromWallMs: 1,
      toWallMs: expect.any(Number),
    }
    expect(await story()).toEqual(['eth1', gap])
    expect(existsSync(file('r-1'))).toBe(false)
  })

  it('does not mistake a line that cannot be an event for one', async () => {
    write('r-1', line(1))
    appendFileSync(file('r-1'), `${JSON.stringify({ n: 2, at: {}, body: { kind: 'howdy' } })}\n`)
    write('r-1', line(3))
    await reader().drain()
    expect(await story()).toEqual(['eth1', expect.objectContaining({ kind: 'gap', count: 1 }), 'eth3'])
  })

  it('leaves files that are no journal alone', async () => {
    writeFileSync(path.join(root, 'journal', 'notes.txt'), 'mine')
    await reader().drain()
    expect(existsSync(path.join(root, 'journal', 'notes.txt'))).toBe(true)
  })
})

function event(n: number) {
  const body: EventBody = { kind: 'link', interface: `eth${n}`, up: true }
  return { at: { wallMs: n, monoMs: n, bootId: 'boot' }, body }
}

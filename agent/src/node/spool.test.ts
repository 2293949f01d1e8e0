import { mkdtempSync, rmSync } from 'node:fs'
import {
  appendFile,
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EventBody, SpooledEvent } from '@aloft/shared/protocol/events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type NewEvent, openSpool, type Spool, type SpoolOptions } from './spool.ts'

let root = ''
let logged: string[] = []
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'aloft-spool-'))
  logged = []
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(root, { recursive: true, force: true })
})

const everything = { countMax: 100_000, bytesMax: 1e9 }

function options(over: Partial<SpoolOptions> = {}): SpoolOptions {
  return {
    directory: path.join(root, 'spool'),
    wallMs: () => 1_000_000,
    observed: () => ({ wallMs: 1_000_000, monoMs: 1, bootId: 'boot' }),
    log: (text) => logged.push(text),
    retryMs: 5,
    ...over,
  }
}

function event(n: number, run = 'run'): NewEvent {
  return {
    at: { wallMs: n, monoMs: n, bootId: 'boot' },
    body: { kind: 'link', interface: `eth${n}`, up: true },
    from: { run, n },
  }
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

async function appendAll(spool: Spool, from: number, to: number): Promise<void> {
  for (const n of numbers(from, to)) await spool.append([event(n)])
}

/** What is left of the events `event(n)`: their n, or the whole body of anything else. */
function told(events: readonly SpooledEvent[]): (number | EventBody)[] {
  return events.map(({ body }) => (body.kind === 'link' ? Number(body.interface.slice(3)) : body))
}

async function contents(spool: Spool): Promise<readonly SpooledEvent[]> {
  const { firstSeq, lastSeq } = spool.condition
  const events: SpooledEvent[] = []
  while ((events.at(-1)?.seq ?? firstSeq - 1) < lastSeq) {
    const more = await spool.read(events.at(-1)?.seq ?? firstSeq - 1, everything)
    expect(more.length).toBeGreaterThan(0)
    events.push(...more)
  }
  expect(events.map(({ seq }) => seq)).toEqual(numbers(firstSeq, lastSeq))
  return events
}

async function segmentFiles(): Promise<string[]> {
  const directory = path.join(root, 'spool')
  const names = (await readdir(directory)).filter((name) => name.endsWith('.segment')).sort()
  return names.map((name) => path.join(directory, name))
}

async function only(files: readonly string[]): Promise<string> {
  const [file, ...more] = files
  if (file === undefined || more.length > 0) throw new Error(`expected one segment, got ${files.length}`)
  return file
}

describe('a sound spool', () => {
  it('numbers events from 1 without holes and gives them back after a restart', async () => {
    const first = await openSpool(options())
    await Promise.all([first.append([event(1), event(2)]), first.append([event(3)])])
    expect(told(await first.read(1, everything))).toEqual([2, 3])
    await first.close()
    const second = await openSpool(options())
    expect(second.epoch).toBe(first.epoch)
    await second.append([event(4)])
    expect(told(await contents(second))).toEqual([1, 2, 3, 4])
    expect(second.lastLineOf('run')).toBe(4)
    expect(logged).toEqual([])
    await second.close()
  })

  it('reads at most as many events and bytes as asked for, but always one', async () => {
    const spool = await openSpool(options())
    await appendAll(spool, 1, 10)
    expect(told(await spool.read(3, { countMax: 2, bytesMax: 1e9 }))).toEqual([4, 5])
    expect(told(await spool.read(3, { countMax: 100, bytesMax: 1 }))).toEqual([4])
    expect(await spool.read(10, everything)).toEqual([])
    await spool.close()
    const again = await openSpool(options())
    expect(told(await again.read(3, { countMax: 2, bytesMax: 1e9 }))).toEqual([4, 5])
    await again.close()
  })

  it('tells whoever listens that there is more, and takes nothing after its end', async () => {
    const spool = await openSpool(options())
    const seen: number[] = []
    spool.onChange(() => void seen.push(spool.condition.lastSeq))
    await appendAll(spool, 1, 2)
    expect(seen).toEqual([1, 2])
    await spool.close()
    await expect(spool.append([event(3)])).rejects.toThrow('the spool is closed')
  })

  it('reads what is new and what is old, however much came since', async () => {
    const spool = await openSpool(options())
    for (let n = 1; n <= 5_000; n += 500) await spool.append(numbers(n, n + 499).map((each) => event(each)))
    const two = { countMax: 2, bytesMax: 1e9 }
    for (const after of [0, 2_000, 2_999, 3_000, 4_998])
      expect(told(await spool.read(after, two))).toEqual([after + 1, after + 2])
    await spool.close()
  })

  it('has a new file on the disk as a whole before an event is promised in it', async () => {
    const done: string[] = []
    const openFile: typeof open = async (...args) => {
      const handle = await open(...args)
      const { sync, datasync } = handle
      return Object.assign(handle, {
        sync: () => sync.call(handle).then(() => void done.push('sync')),
        datasync: () => datasync.call(handle).then(() => void done.push('datasync')),
      })
    }
    const spool = await openSpool(options({ openFile }))
    await spool.append([event(1)]).then(() => done.push('promised'))
    expect(done).toEqual(['sync', 'datasync', 'promised'])
    await spool.close()
  })

  it('believes no centre that says it holds what was never there', async () => {
    const spool = await openSpool(options())
    await appendAll(spool, 1, 5)
    spool.markHeld(99)
    expect(spool.condition.heldSeq).toBe(5)
    await spool.close()
    const again = await openSpool(options())
    expect([again.epoch, again.condition.heldSeq]).toEqual([spool.epoch, 5])
    await again.close()
  })

  it('writes down what the centre holds one time after the other, and the newest last', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    for (let i = 0; i < 20; i++) {
      const spool = await openSpool(options({ directory: path.join(root, `spool-${i}`) }))
      await appendAll(spool, 1, 5)
      spool.markHeld(3)
      vi.advanceTimersByTime(500)
      spool.markHeld(4)
      vi.advanceTimersByTime(500)
      spool.markHeld(5)
      await spool.close()
      const again = await openSpool(options({ directory: path.join(root, `spool-${i}`) }))
      expect([again.condition.heldSeq, logged]).toEqual([5, []])
      await again.close()
    }
  })

  it('replaces what it wrote of that as a whole: a kill in between leaves the one before', async () => {
    const spool = await openSpool(options())
    await appendAll(spool, 1, 2)
    spool.markHeld(1)
    await spool.close()
    const [held, kept] = [path.join(root, 'spool', 'acked'), path.join(root, 'kept')]
    await link(held, kept)
    const before = await readFile(kept)
    const again = await openSpool(options())
    again.markHeld(2)
    await again.close()
    expect(await readFile(kept)).toEqual(before)
    expect(await readFile(held)).not.toEqual(before)
  })

  it('knows the last line of a run even when the segment that told it is gone', async () => {
    const limits = { segmentBytes: 300, ackedBytes: 0 }
    const spool = await openSpool(options({ limits }))
    await spool.append([event(7, 'quiet')])
    await appendAll(spool, 1, 5)
    spool.markHeld(6)
    await appendAll(spool, 6, 10)
    expect(spool.condition.firstSeq).toBeGreaterThan(1)
    await spool.close()
    const again = await openSpool(options({ limits }))
    expect(again.lastLineOf('quiet')).toBe(7)
    again.keepRuns(new Set(['run']))
    expect(again.lastLineOf('quiet')).toBe(0)
    await again.close()
  })
})

describe('a crash', () => {
  it('at every byte of a segment leaves only whole records, and the spool goes on after them', async () => {
    const spool = await openSpool(options())
    await appendAll(spool, 1, 4)
    await spool.close()
    const file = await only(await segmentFiles())
    const whole = await readFile(file)
    let most = 0
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(file, whole.subarray(0, length))
      await unlink(path.join(root, 'spool', 'acked'))
      const cut = await openSpool(options())
      const kept = cut.condition.lastSeq
      expect(kept).toBeGreaterThanOrEqual(most)
      most = kept
      expect(cut.lastLineOf('run')).toBe(kept)
      await cut.append([event(100)])
      expect(told(await contents(cut))).toEqual([...numbers(1, kept), 100])
      await cut.close()
      for (const other of await segmentFiles()) if (other !== file) await unlink(other)
    }
    expect(most).toBe(4)
  })

  it('that left zeros after the last record is a torn write, too', async () => {
    const spool = await openSpool(options())
    await appendAll(spool, 1, 3)
    await spool.close()
    await appendFile(await only(await segmentFiles()), Buffer.alloc(4096))
    const again = await openSpool(options())
    expect(told(await contents(again))).toEqual([1, 2, 3])
    const note = expect.stringMatching(/4096 bytes of a record that was being written are cut off/)
    expect(logged).toEqual([note])
    await again.append([event(4)])
    await again.close()
    const third = await openSpool(options())
    expect(told(await contents(third))).toEqual([1, 2, 3, 4])
    expect(logged).toEqual([note])
    await third.close()
  })
})

describe('a bad disk', () => {
  it('flipping any one bit costs at most the event it hit, which is told as a gap under its own seq', async () => {
    const spool = await openSpool(options())
    await appendAll(spool, 1, 3)
    await spool.close()
    const file = await only(await segmentFiles())
    const whole = await readFile(file)
    let gaps = 0
    // Every byte, a different bit of each; the last record's length field is left out: growing, it looks torn.
    const lastRecord = whole.lastIndexOf(Buffer.from([0xa1, 0x0f, 0x75, 0x91]))
    for (let at = 0; at < whole.length; at++) {
      if (at >= lastRecord + 4 && at < lastRecord + 8) continue
      const flipped = Buffer.from(whole)
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (at % 8)), at)
      await writeFile(file, flipped)
      const hurt = await openSpool(options())
      await hurt.append([event(4)])
      const events = await contents(hurt)
      const lost = events.filter(({ body }) => body.kind === 'gap')
      expect(lost.length).toBeLessThanOrEqual(1)
      for (const { body } of lost) expect(body).toMatchObject({ cause: 'spool-corrupt', count: 1 })
      expect(told(events).map((one, i) => (typeof one === 'number' ? one : i + 1))).toEqual([1, 2, 3, 4])
      gaps += lost.length
      await hurt.close()
      for (const other of await segmentFiles()) if (other !== file) await unlink(other)
    }
    expect(gaps).toBeGreaterThan(100)
  })

  it('that lost a whole segment leaves a gap for each event in it', async () => {
    const limits = { segmentBytes: 300 }
    const spool = await openSpool(options({ limits }))
    await appendAll(spool, 1, 12)
    await spool.close()
    const [, second = ''] = await segmentFiles()
    await unlink(second)
    const again = await openSpool(options({ limits }))
    const found = await contents(again)
    const events = told(found)
    expect(events).toHaveLength(12)
    const gaps = found.filter(({ body }) => body.kind === 'gap')
    const [before, after] = [found[(gaps[0]?.seq ?? 0) - 2], found[gaps.at(-1)?.seq ?? 0]]
    expect([before?.body.kind, after?.body.kind, gaps.length > 0]).toEqual(['link', 'link', true])
    // Nobody knows when they were, but not before what was before them. Each file is read by itself.
    for (const { at, body } of gaps)
      expect([at, body]).toMatchObject([before?.at, { fromWallMs: before?.at.wallMs }])
    expect(events.slice(0, 1)).toEqual([1])
    expect(events.at(-1)).toBe(12)
    expect(logged.join()).toMatch(/events cannot be read; each is reported as a gap/)
    await again.close()
  })

  it('that lost what the centre holds begins a new epoch, so that no seq means two things', async () => {
    const spool = await openSpool(options())
    await appendAll(spool, 1, 5)
    const file = await only(await segmentFiles())
    const { size } = await stat(file)
    await appendAll(spool, 6, 9)
    spool.markHeld(9)
    await spool.close()
    await truncate(file, size)
    const restored = await openSpool(options())
    expect(restored.epoch).not.toBe(spool.epoch)
    expect(restored.condition).toMatchObject({ firstSeq: 1, lastSeq: 0, heldSeq: 0 })
    expect(restored.lastLineOf('run')).toBe(5)
    expect(logged).toEqual([expect.stringMatching(/ends at 5 but the centre holds 9: a new epoch begins/)])
    await restored.append([event(10)])
    const ofNew = (file: string) => path.basename(file).startsWith(restored.epoch)
    expect((await segmentFiles()).map(ofNew), 'the old files are gone').toEqual([true])
    // As after a kill: what is held of the old epoch says nothing of the new one.
    const killed = await openSpool(options())
    expect([killed.epoch, killed.condition.heldSeq]).toEqual([restored.epoch, 0])
    await killed.close()
    await restored.close()
    const again = await openSpool(options())
    expect(again.epoch).toBe(restored.epoch)
    expect(told(await contents(again))).toEqual([10])
    await again.close()
  })
})

it('files of an older epoch are left alone, and the newest is gone on with', async () => {
  const [older, newer] = [
    await openSpool(options({ directory: path.join(root, 'older') })),
    await openSpool(options()),
  ]
  await appendAll(older, 1, 5)
  await appendAll(newer, 11, 13)
  for (const spool of [older, newer]) await spool.close()
  const [name = ''] = (await readdir(path.join(root, 'older'))).filter((each) => each.endsWith('.segment'))
  const left = path.join(root, 'spool', name)
  await copyFile(path.join(root, 'older', name), left)
  await utimes(left, 1_000, 1_000)
  const again = await openSpool(options())
  expect([again.epoch, told(await contents(again))]).toEqual([newer.epoch, [11, 12, 13]])
  expect(logged).toEqual([`spool: segments of another epoch (${older.epoch}) are left alone`])
  expect(await segmentFiles()).toContain(left)
  await again.close()
})

describe('overflow', () => {
  const limits = { segmentBytes: 600, unackedBytes: 3_000 }

  it('drops the oldest segment and leaves a gap that counts what was in it', async () => {
    const spool = await openSpool(options({ limits }))
    await appendAll(spool, 1, 200)
    const events = await contents(spool)
    const { firstSeq, lastSeq } = spool.condition
    expect(firstSeq).toBeGreaterThan(100)
    let stood = 0
    for (const { body } of events) {
      if (body.kind !== 'gap') stood += 1
      else {
        expect(body).toMatchObject({ cause: 'spool-overflow' })
        stood += body.count ?? 0
      }
    }
    // Every event ever appended is there, or counted by a gap that is there: gaps that were dropped are counted on.
    expect(stood).toBe(200)
    expect(lastSeq).toBeGreaterThan(200)
    const since = events.flatMap(({ body }) => (body.kind === 'gap' ? [body.fromWallMs] : []))
    expect(since).toContain(1)
    await spool.close()
  })

  it('tells of the first segment that goes how many events that were, from when and until when', async () => {
    const spool = await openSpool(options({ limits }))
    let n = 0
    while (spool.condition.firstSeq === 1) {
      n += 1
      await spool.append([event(n)])
    }
    const dropped = spool.condition.firstSeq - 1
    const gap = (await contents(spool)).find(({ body }) => body.kind === 'gap')
    expect(gap?.body).toMatchObject({ count: dropped, fromWallMs: 1, toWallMs: dropped })
    await spool.close()
  })

  it('counts as lost what no centre has: not what was acknowledged of the segment that goes', async () => {
    const spool = await openSpool(options({ limits }))
    await appendAll(spool, 1, 3)
    spool.markHeld(2)
    for (let n = 4; spool.condition.firstSeq === 1; n++) await spool.append([event(n)])
    const gap = (await contents(spool)).find(({ body }) => body.kind === 'gap')
    expect(gap?.body).toMatchObject({ count: spool.condition.firstSeq - 3, fromWallMs: 3 })
    await spool.close()
  })

  it('interrupted between the gap and the deletion is finished at the next start', async () => {
    const spool = await openSpool(options({ limits }))
    await appendAll(spool, 1, 5)
    const [oldest = ''] = await segmentFiles()
    await mkdir(path.join(root, 'aside'))
    await copyFile(oldest, path.join(root, 'aside', 'copy'))
    await appendAll(spool, 6, 40)
    const before = spool.condition
    await spool.close()
    await copyFile(path.join(root, 'aside', 'copy'), oldest)
    const again = await openSpool(options({ limits }))
    expect(again.condition.firstSeq).toBe(before.firstSeq)
    expect(await segmentFiles()).not.toContain(oldest)
    await again.close()
  })

  it('never drops what was acknowledged to make room, and keeps that for a centre that lost it', async () => {
    const spool = await openSpool(options({ limits }))
    for (const n of numbers(1, 200)) {
      await spool.append([event(n)])
      spool.markHeld(n)
    }
    expect(told(await contents(spool))).toEqual(numbers(1, 200))
    spool.markHeld(50)
    expect(spool.condition).toMatchObject({ heldSeq: 50, firstSeq: 1 })
    expect(told(await spool.read(50, { countMax: 3, bytesMax: 1e6 }))).toEqual([51, 52, 53])
    await appendAll(spool, 201, 210)
    expect(told(await contents(spool)), 'it was acknowledged once, whatever is held now').toEqual(
      numbers(1, 210),
    )
    await spool.close()
  })
})

/** Half of a write still fits when it is full, as on a real disk. */
function diskThatFills() {
  const disk = {
    isFull: false,
    openFile: (async (...args) => {
      const handle = await open(...args)
      const write = handle.write.bind(handle)
      const full = async (buffer: Buffer, offset: number, length: number, position: number) => {
        if (!disk.isFull) return write(buffer, offset, length, position)
        await write(buffer, offset, Math.floor(length / 2), position)
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
      }
      return Object.assign(handle, { write: full })
    }) as typeof open,
  }
  return disk
}

describe('a disk that refuses', () => {
  it('loses nothing: the append waits, the status says why, and it goes on when there is room', async () => {
    const disk = diskThatFills()
    const spool = await openSpool(options({ openFile: disk.openFile }))
    await appendAll(spool, 1, 3)
    const [file = ''] = await segmentFiles()
    const { size } = await stat(file)
    disk.isFull = true
    let isDone = false
    const waiting = spool.append([event(4)]).then(() => {
      isDone = true
    })
    while (spool.condition.error === null) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(spool.condition).toMatchObject({ lastSeq: 3, error: expect.stringMatching(/ENOSPC/) })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(isDone).toBe(false)
    expect((await stat(file)).size, 'the half is cut off: somebody may need the room').toBe(size)
    disk.isFull = false
    await waiting
    await spool.append([event(5)])
    expect(spool.condition.error).toBe(null)
    expect(told(await contents(spool))).toEqual([1, 2, 3, 4, 5])
    await spool.close()
    const again = await openSpool(options())
    expect(told(await contents(again))).toEqual([1, 2, 3, 4, 5])
    await again.close()
  })

  it.each([
    ['all of it', 12, 12],
    ['what a centre that was restored has again', 12, 5],
  ])(
    'is given the room of what the centre holds: %s, but for the file that goes on',
    async (_, acked, held) => {
      const disk = diskThatFills()
      const spool = await openSpool(options({ openFile: disk.openFile, limits: { segmentBytes: 300 } }))
      await appendAll(spool, 1, 12)
      spool.markHeld(acked)
      spool.markHeld(held)
      disk.isFull = true
      const waiting = spool.append([event(13)])
      while (spool.condition.error === null) await new Promise((resolve) => setTimeout(resolve, 1))
      while (spool.condition.firstSeq === 1) await new Promise((resolve) => setTimeout(resolve, 1))
      const { firstSeq, lastSeq } = spool.condition
      expect([lastSeq, firstSeq <= held + 1]).toEqual([12, true])
      expect(firstSeq, 'without any file a new start would be another epoch').toBeLessThanOrEqual(lastSeq)
      disk.isFull = false
      await waiting
      expect(told(await spool.read(held, everything)).at(-1)).toBe(13)
      await spool.close()
      const again = await openSpool(options())
      expect([again.epoch, again.lastLineOf('run')]).toEqual([spool.epoch, 13])
      await again.close()
    },
  )

  it('at the end makes the append fail instead of wait for ever', async () => {
    const openFile: typeof open = async (...args) => {
      const handle = await open(...args)
      return Object.assign(handle, { datasync: () => Promise.reject(new Error('EIO: i/o error, fdatasync')) })
    }
    const spool = await openSpool(options({ openFile }))
    const refused = expect(spool.append([event(1)])).rejects.toThrow(/closed before it could write: EIO/)
    while (spool.condition.error === null) await new Promise((resolve) => setTimeout(resolve, 1))
    await spool.close()
    await refused
  })
})

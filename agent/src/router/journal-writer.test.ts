import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EventBody } from '@aloft/shared/protocol/events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JournalLine } from './contract.ts'
import { type JournalFiles, JournalWriter } from './journal-writer.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'aloft-journal-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

test('an entry is in the file when append returns', () => {
  const journal = writer()
  journal.append(link('eth0'), 900)
  expect(lines()).toEqual([
    // Observed 100 ms before it was appended, on either clock.
    { n: 1, at: { wallMs: 1_700_000_000_000 - 100, monoMs: 900, bootId: 'boot' }, body: link('eth0') },
  ])
})

test('segments follow one another and n goes on', () => {
  const journal = writer({ limits: { segmentBytes: 200 } })
  for (let i = 0; i < 5; i++) journal.append(link(`eth${i}`), 1_000)
  expect(readdirSync(directory).length).toBeGreaterThan(1)
  expect(lines().map(({ n }) => n)).toEqual([1, 2, 3, 4, 5])
})

test('on a full disk observations wait, and are written in order with their own times', () => {
  const disk = fakeDisk()
  const errors: string[] = []
  const journal = writer({ files: disk.files, onError: (error) => errors.push(error) })
  journal.append(link('a'), 1_000)
  disk.freeBytes = 10
  journal.append(link('b'), 1_000)
  journal.append(link('c'), 1_000)
  expect(journal.condition).toEqual({ waiting: 2, lost: 0, error: 'ENOSPC: no space left on device, write' })
  expect(errors.length).toBe(1)
  disk.freeBytes = 1e6
  journal.flush()
  expect(journal.condition).toEqual({ waiting: 0, lost: 0, error: null })
  expect(disk.lines().map(({ n, body }) => [n, body])).toEqual([
    [1, link('a')],
    [2, link('b')],
    [3, link('c')],
  ])
})

test('a line that was cut short by a full disk leaves no trace', () => {
  const disk = fakeDisk()
  const journal = writer({ files: disk.files })
  disk.freeBytes = 20
  journal.append(link('a'), 1_000)
  expect(disk.text()).toBe('')
})

test('what cannot wait is counted, and the count becomes a gap record', () => {
  const disk = fakeDisk()
  const journal = writer({ files: disk.files, limits: { waitingLines: 2 } })
  disk.freeBytes = 0
  for (const name of ['a', 'b', 'lost1', 'lost2', 'lost3']) journal.append(link(name), 1_000)
  expect(journal.condition).toMatchObject({ waiting: 2, lost: 3 })
  disk.freeBytes = 1e6
  journal.append(link('lost too, and it ends the gap'), 1_000)
  journal.append(link('after'), 1_000)
  expect(disk.lines().map(({ body }) => body)).toEqual([
    link('a'),
    link('b'),
    {
      kind: 'gap',
      count: 4,
      cause: 'journal-overflow',
      fromWallMs: 1_700_000_000_000,
      toWallMs: 1_700_000_000_000,
    },
    link('after'),
  ])
  expect(disk.lines().map(({ n }) => n)).toEqual([1, 2, 3, 4])
})

test('a journal that nobody reads stops at its bound instead of filling the disk', () => {
  const journal = writer({ limits: { segmentBytes: 300, directoryBytes: 900, waitingLines: 2 } })
  for (let i = 0; i < 50; i++) journal.append(link(`eth${i}`), 1_000)
  const bytes = readdirSync(directory).reduce(
    (sum, name) => sum + readFileSync(path.join(directory, name)).length,
    0,
  )
  expect(bytes).toBeLessThan(1_100)
  expect(journal.condition.lost).toBeGreaterThan(0)
  expect(journal.condition.error).toMatch(/journal is full/)
  for (const name of readdirSync(directory).slice(0, 2)) rmSync(path.join(directory, name))
  journal.flush()
  expect(lines().at(-1)?.body.kind).toBe('gap')
})

test('readers are told once something was written, and not when nothing was', () => {
  const disk = fakeDisk()
  let rings = 0
  const journal = writer({ files: disk.files, onWritten: () => rings++ })
  journal.append(link('a'), 1_000)
  expect(rings).toBe(1)
  disk.freeBytes = 0
  journal.append(link('b'), 1_000)
  expect(rings).toBe(1)
})

function writer(options: Partial<ConstructorParameters<typeof JournalWriter>[0]> = {}): JournalWriter {
  return new JournalWriter({
    directory,
    runId: 'run',
    bootId: 'boot',
    wallMs: () => 1_700_000_000_000,
    monoMs: () => 1_000,
    ...options,
  })
}

function link(name: string): EventBody {
  return { kind: 'link', interface: name, up: true }
}

function lines(): JournalLine[] {
  return readdirSync(directory)
    .sort((a, b) => segmentOf(a) - segmentOf(b))
    .flatMap((name) => parse(readFileSync(path.join(directory, name), 'utf8')))
}

function segmentOf(name: string): number {
  return Number(/-(\d+)\.jsonl$/.exec(name)?.[1])
}

function parse(text: string): JournalLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalLine)
}

/** A disk that writes what fits and then fails, as write(2) does. */
function fakeDisk() {
  let content = Buffer.alloc(0)
  const disk = {
    freeBytes: 1e6,
    text: () => content.toString(),
    lines: () => parse(content.toString()),
    files: {
      open: () => 3,
      write(_fd, bytes) {
        if (disk.freeBytes === 0) throw new Error('ENOSPC: no space left on device, write')
        const taken = bytes.subarray(0, disk.freeBytes)
        content = Buffer.concat([content, taken])
        disk.freeBytes -= taken.length
        return taken.length
      },
      truncate(_fd, length) {
        disk.freeBytes += content.length - length
        content = content.subarray(0, length)
      },
      close() {},
      directoryBytes: () => content.length,
    } satisfies JournalFiles,
  }
  return disk
}

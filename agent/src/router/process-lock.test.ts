import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bootId, processStartTicks } from './boot-identity.ts'
import { acquireLock, lockHolder } from './process-lock.ts'

let directory = ''
let files = { lock: '', pid: '' }
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'aloft-lock-'))
  files = { lock: path.join(directory, 'router.lock'), pid: path.join(directory, 'router.pid') }
})
afterEach(() => rmSync(directory, { recursive: true }))

test('the second is told who the first is', () => {
  const first = acquireLock(files)
  expect(first.held).toBe(true)
  expect(acquireLock(files)).toEqual({ held: false, byPid: process.pid })
  expect(readFileSync(files.pid, 'utf8')).toBe(`${process.pid}\n`)
  expect(lockHolder(files.lock)).toBe(process.pid)
})

test('released, it is free and leaves nothing behind', () => {
  const lock = acquireLock(files)
  if (lock.held) lock.release()
  expect(readdirSync(directory)).toEqual([])
  expect(lockHolder(files.lock)).toBeNull()
  expect(acquireLock(files).held).toBe(true)
})

test.each([
  ['a process that is gone', () => ({ pid: 2 ** 22 + 1, startTicks: '1', bootId: bootId() })],
  ['a pid that is another process now', () => ({ pid: process.pid, startTicks: '1', bootId: bootId() })],
  [
    'a process of before the reboot',
    () => ({ pid: process.pid, startTicks: processStartTicks(process.pid), bootId: 'before' }),
  ],
  ['nobody: the file is damaged', () => 'damaged'],
])('a lock of %s is taken over', (_, holder) => {
  const content = holder()
  writeFileSync(files.lock, typeof content === 'string' ? content : JSON.stringify(content))
  expect(lockHolder(files.lock)).toBeNull()
  expect(acquireLock(files).held).toBe(true)
  expect(readdirSync(directory).sort()).toEqual(['router.lock', 'router.pid'])
})

test('a release touches no lock that another has taken since', () => {
  const lock = acquireLock(files)
  const theirs = JSON.stringify({ pid: 1, startTicks: processStartTicks(1), bootId: bootId() })
  writeFileSync(files.lock, theirs)
  if (lock.held) lock.release()
  expect(readFileSync(files.lock, 'utf8')).toBe(theirs)
  expect(existsSync(files.pid)).toBe(true)
})

test('a zombie is not alive', async () => {
  // The shell starts a child, becomes `sleep` before that ends, and never waits for it.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())))
    })
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), { timeout: 5_000 }).toMatch(/\) Z /)
    expect(processStartTicks(pid)).toBeNull()
  } finally {
    parent.kill('SIGKILL')
  }
})

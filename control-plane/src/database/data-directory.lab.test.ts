import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DataDirectoryInUse, lockDataDirectory } from './data-directory.ts'

let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-lock-'))
  file = path.join(folder, 'control-plane.lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('is held until it is released, also against this very process', () => {
  const lock = lockDataDirectory(folder)
  expect(() => lockDataDirectory(folder)).toThrow(DataDirectoryInUse)
  expect(() => lockDataDirectory(folder)).toThrow(
    `data directory ${folder} is in use by another control plane (pid ${process.pid})`,
  )
  lock.release()
  expect(existsSync(file)).toBe(false)
  lockDataDirectory(folder).release()
})

it.each([
  ['of a process that is gone', { pid: 4_194_303 }],
  ['of an earlier boot', { bootId: 'another' }],
  ['of a pid that was used again', { startTicks: '1' }],
])('a lock %s is taken over', (_name, difference) => {
  lockDataDirectory(folder)
  const own = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...own, ...difference }))
  lockDataDirectory(folder)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(own)
})

it('half a lock, left by a crash while it was written, is taken over', () => {
  writeFileSync(file, '{"pid":')
  lockDataDirectory(folder).release()
})

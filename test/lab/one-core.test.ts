/**
 * Routers that share one core, in real time. A thread that asks for another again and again without sleeping keeps it from
 * that core: V8's main thread its garbage collector's helpers, or at an exit a helper of higher priority the main thread.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HEAP_FLAGS } from '../../agent/src/steward/router-command.ts'

const ADDON = path.join(import.meta.dirname, '../../agent/native/build/Release/netio.node')
const CORE = String(os.availableParallelism() - 1)
const PROCESSES = 4
const FOR_MS = 2_000
/** What hangs must not hang on: it would take the core from the whole machine. */
const KILLED_AFTER_S = 8

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-one-core-'))
  const entry = path.join(import.meta.dirname, 'collecting-process.ts')
  const outfile = path.join(folder, 'collecting.mjs')
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('four that collect garbage all the time: each goes on, and each ends', async () => {
  const longestMs = await Promise.all(Array.from({ length: PROCESSES }, collecting))
  // Equal shares of the core; a helper that is waited for in vain is waited for all of the two seconds.
  expect(Math.max(...longestMs)).toBeLessThan(FOR_MS / 2)
})

/** The longest time between two of its turns. */
async function collecting(): Promise<number> {
  const bounds = ['-s', 'KILL', String(KILLED_AFTER_S), 'taskset', '-c', CORE, process.execPath]
  const child = [...HEAP_FLAGS, '--expose-gc', path.join(folder, 'collecting.mjs'), ADDON, String(FOR_MS)]
  const { stdout } = await promisify(execFile)('timeout', [...bounds, ...child])
  return Number(stdout)
}

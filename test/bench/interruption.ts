/**
 * A bench that is interrupted leaves nothing behind: no process, namespace or folder. Whatever it starts carries its mark:
 * in the environment, or a folder of its own among the arguments; whatever it makes lies in that folder, or has its pid in
 * its name.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const MARK = 'ALOFT_BENCH_FOLDER'
const NAMESPACES = '/var/run/netns'
/** PostgreSQL waits for its clients at the first, and for nobody at the second; what is stuck gets the third. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGKILL'] as const
const PATIENCE_MS = 3_000
const LOOK_EVERY_MS = 50

/** To be called once, before anything is started. Returns what takes its folder away when the bench has ended by itself. */
export function cleanUpWhenInterrupted(say: (line: string) => void): () => void {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-bench-'))
  // PostgreSQL, which is not root, must get through.
  chmodSync(folder, 0o711)
  process.env[MARK] = folder
  process.env['TMPDIR'] = folder
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      say('interrupted: ending what was started')
      removeAll(folder)
      process.exit(code)
    })
  }
  return () => rmSync(folder, { recursive: true, force: true })
}

/** Nothing else of this process runs meanwhile, so that none of it starts again what is ended here. */
function removeAll(folder: string): void {
  for (const signal of SIGNALS) endAll(folder, signal)
  for (const name of namespacesOf(process.pid)) execFileSync('ip', ['netns', 'del', name])
  rmSync(folder, { recursive: true, force: true })
}

/** Each is told once; those that another has started meanwhile are told too. */
function endAll(folder: string, signal: NodeJS.Signals): void {
  const told = new Set<number>()
  for (const giveUpAtMs = performance.now() + PATIENCE_MS; performance.now() < giveUpAtMs; ) {
    const left = startedFrom(folder)
    if (left.length === 0) return
    for (const pid of left.filter((each) => !told.has(each))) endIfAlive(pid, signal)
    for (const pid of left) told.add(pid)
    sleepSync(LOOK_EVERY_MS)
  }
}

/** Processes with the mark of that bench, but for the bench itself. */
export function startedFrom(folder: string): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return []
    const isOurs =
      textOf(`/proc/${name}/environ`).split('\0').includes(`${MARK}=${folder}`) ||
      textOf(`/proc/${name}/cmdline`).includes(`${folder}/`)
    return isOurs ? [Number(name)] : []
  })
}

/** LANs of a bench are called by its kind and its pid. */
export function namespacesOf(pid: number): readonly string[] {
  const ours = new RegExp(`^[a-z]+${pid}-`)
  try {
    return readdirSync(NAMESPACES).filter((name) => ours.test(name))
  } catch {
    // There is none on this machine.
    return []
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // It ended while we looked.
    return ''
  }
}

function endIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself.
  }
}

function sleepSync(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
}

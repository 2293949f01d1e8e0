/**
 * What a demo leaves behind when it is killed, found and ended. A process belongs to a demo when it carries the demo's
 * mark in its environment, or is the demo's own PostgreSQL, which is started with an environment of its own. Both are
 * read of the process itself, so a recycled id is never mistaken for one of ours.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { namespacesNamed, removeNamespaces } from '../linux/namespace.ts'
import type { DemoFolder } from './demo-folder.ts'

/** In the environment of everything a demo starts: the demo's folder. */
export const DEMO_MARK = 'ALOFT_DEMO_FOLDER'

/** Ends every process of the demo, removes its namespaces and its files except the lock. Returns how many there were. */
export async function clearLeftovers(folder: DemoFolder): Promise<number> {
  let removed = await endProcesses(
    () => markedProcesses(folder),
    () => 'SIGKILL',
  )
  removed += await endProcesses(() => postgresProcesses(folder), gently)
  removed += await removeOwnNamespaces(folder)
  for (const entry of readdirSync(folder.path)) {
    if (!LOCK_FILES.has(entry)) rmSync(path.join(folder.path, entry), { recursive: true, force: true })
  }
  return removed
}

const LOCK_FILES = new Set(['demo.lock', 'demo.pid'])

/** Only root's demos have any; what others see there belongs to somebody else. */
async function removeOwnNamespaces(folder: DemoFolder): Promise<number> {
  if (process.getuid?.() !== 0) return 0
  const { length } = await namespacesNamed(folder.namespacePrefix)
  await removeNamespaces(folder.namespacePrefix)
  return length
}

function markedProcesses(folder: DemoFolder): number[] {
  const mark = `${DEMO_MARK}=${folder.path}`
  return processIds().filter((pid) => stringsOf(pid, 'environ').includes(mark))
}

/** The server (its children end with it), and initdb with what that runs. */
function postgresProcesses(folder: DemoFolder): number[] {
  const data = `${folder.centreData}${path.sep}`
  return processIds().filter((pid) => {
    const [program = '', ...args] = stringsOf(pid, 'cmdline')
    const isNamed = ['postgres', 'initdb'].includes(path.basename(program))
    if (isNamed && args.some((each) => each.startsWith(data))) return true
    return stringsOf(pid, 'environ').some((each) => each.startsWith(`PGDATA=${data}`))
  })
}

/**
 * The server gives back its shared memory on SIGQUIT, at once, which it could not on SIGKILL. What initdb runs would
 * give back nothing on any signal, and is done within a second: it is waited for.
 */
function gently(pid: number): NodeJS.Signals | null {
  const [program = '', ...args] = stringsOf(pid, 'cmdline')
  return path.basename(program) === 'postgres' && args.includes('-k') ? 'SIGQUIT' : null
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid)
}

/** Empty for a process that is gone, and for one of another account, which is not ours then. */
function stringsOf(pid: number, file: 'environ' | 'cmdline'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0')
  } catch {
    return []
  }
}

const PATIENCE_MS = 5_000

/** Asks until none is found any more: one may have started another just before it was ended. */
async function endProcesses(
  find: () => number[],
  first: (pid: number) => NodeJS.Signals | null,
): Promise<number> {
  const ended = new Set<number>()
  const forceFromMs = performance.now() + PATIENCE_MS
  const giveUpAtMs = forceFromMs + PATIENCE_MS
  for (let left = find(); left.length > 0; left = find()) {
    const isLate = performance.now() > forceFromMs
    if (performance.now() > giveUpAtMs)
      throw new Error(
        `processes of an earlier demo do not end: ${left.join(', ')}; end them, then start again`,
      )
    for (const pid of left) {
      const name = isLate ? 'SIGKILL' : first(pid)
      if (name !== null && (isLate || !ended.has(pid))) signal(pid, name)
      ended.add(pid)
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return ended.size
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended in between, which is what was wanted.
  }
}

/**
 * Where the demo lives, and how what a crashed one left behind is found: one folder, one lock, one name prefix for
 * namespaces. Processes are ended by id, and only where the id still names the process that was started.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { namespacesNamed, processesIn, removeNamespaces } from '../linux/namespace.ts'
import { acquireLock, lockHolder } from '../router/process-lock.ts'

export const NAMESPACE_PREFIX = 'aloft-demo-'

export interface DemoFolder {
  readonly path: string
  readonly controlSocket: string
  readonly centreSocket: string
  readonly centreData: string
  stateDir(site: string, node: string): string
}

export function demoFolder(): DemoFolder {
  const folder = path.join(os.tmpdir(), `aloft-demo-${process.getuid?.() ?? 0}`)
  return {
    path: folder,
    controlSocket: path.join(folder, 'demo.sock'),
    centreSocket: path.join(folder, 'centre.sock'),
    centreData: path.join(folder, 'centre'),
    stateDir: (site, node) => path.join(folder, 'agents', `${site}-${node}`),
  }
}

/** Takes the folder for this process and clears away what a crashed demo left. Throws when another demo runs. */
export async function claimDemoFolder(folder: DemoFolder, say: (line: string) => void): Promise<() => void> {
  mkdirSync(folder.path, { recursive: true, mode: 0o755 })
  // The name is predictable and /tmp is everybody's: a folder that somebody else put there is not used.
  const { uid } = lstatSync(folder.path)
  if (uid !== process.getuid?.())
    throw new Error(`${folder.path} belongs to user ${uid}; remove it, then start again`)
  chmodSync(folder.path, 0o755)
  const lock = acquireLock(lockFiles(folder))
  if (!lock.held) {
    throw new Error(
      `a demo is already running (process ${lock.byPid}); end it with Ctrl-C in its terminal, or: kill ${lock.byPid}`,
    )
  }
  const removed = await clearDemo(folder)
  if (removed > 0) say(`cleared away what an earlier demo left behind (${removed} processes and namespaces)`)
  return () => {
    lock.release()
    rmdirSync(folder.path)
  }
}

function lockFiles(folder: DemoFolder) {
  return { lock: path.join(folder.path, 'demo.lock'), pid: path.join(folder.path, 'demo.pid') }
}

/** Whether a demo runs now. */
export function runningDemoPid(folder: DemoFolder): number | null {
  return lockHolder(lockFiles(folder).lock)
}

/** Ends every process of a demo, removes its namespaces and its files except the lock. Returns how much there was. */
export async function clearDemo(folder: DemoFolder): Promise<number> {
  let removed = 0
  const namespaces = process.getuid?.() === 0 ? await namespacesNamed(NAMESPACE_PREFIX) : []
  const inside = await Promise.all(namespaces.map(processesIn))
  removed += await endProcesses([...new Set([...inside.flat(), ...lockedPids(folder.path)])])
  await removeNamespaces(NAMESPACE_PREFIX)
  for (const entry of readdirSync(folder.path)) {
    if (entry !== 'demo.lock' && entry !== 'demo.pid')
      rmSync(path.join(folder.path, entry), { recursive: true, force: true })
  }
  return removed + namespaces.length
}

/** The living holders of every agent's and the centre's lock below the folder, PostgreSQL's own pid file included. */
function lockedPids(folder: string): number[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const locks = files.filter((file) => file.endsWith('.lock') && !file.startsWith('demo.'))
  const holders = locks.map((file) => lockHolder(path.join(folder, file))).filter((pid) => pid !== null)
  const postmasters = files
    .filter((file) => path.basename(file) === 'postmaster.pid')
    .map((file) => Number(readFileSync(path.join(folder, file), 'utf8').split('\n')[0]))
    .filter((pid) => runsPostgres(pid))
  return [...holders, ...postmasters]
}

function runsPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
  } catch {
    return false
  }
}

const KILL_PATIENCE_MS = 5_000

/** Stops them all first, so that none can restart another meanwhile; then ends them and waits until they are gone. */
async function endProcesses(pids: readonly number[]): Promise<number> {
  const living = pids.filter((pid) => signal(pid, 'SIGSTOP'))
  for (const pid of living) signal(pid, 'SIGKILL')
  const deadline = performance.now() + KILL_PATIENCE_MS
  while (living.some((pid) => signal(pid, 0)) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return living.length
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

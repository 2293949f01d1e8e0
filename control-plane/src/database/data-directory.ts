import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'

/** Another control plane lives here. */
export class DataDirectoryInUse extends Error {
  override readonly name = 'DataDirectoryInUse'
}

export interface DataDirectoryLock {
  release(): void
}

/** Which process, and which life of its pid: pids are used again, and boots forget them all. */
interface Holder {
  readonly pid: number
  readonly bootId: string
  readonly startTicks: string
}

/**
 * Takes the data directory for this process, and makes it if it is not there. A lock whose process is gone is taken
 * over, that of a living one never. Throws `DataDirectoryInUse`, which names who has it.
 */
export function lockDataDirectory(dataDir: string): DataDirectoryLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o755 })
  const file = path.join(dataDir, 'control-plane.lock')
  for (let attempt = 0; attempt < 10; attempt++) {
    if (create(file)) return { release: () => rmSync(file, { force: true }) }
    const holder = read(file)
    if (holder !== null && isAlive(holder)) {
      throw new DataDirectoryInUse(
        `data directory ${dataDir} is in use by another control plane (pid ${holder.pid}); ` +
          'stop that one, or choose another --data-dir',
      )
    }
    takeAway(file, holder)
  }
  throw new DataDirectoryInUse(`data directory ${dataDir} is being taken by another control plane just now`)
}

function create(file: string): boolean {
  try {
    const descriptor = openSync(file, 'wx', 0o644)
    writeSync(descriptor, JSON.stringify(self()))
    closeSync(descriptor)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Of two that find the same stale lock one renames it; the other meets a new lock, which it must not remove. */
function takeAway(file: string, stale: Holder | null): void {
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  const tookTheStaleOne = JSON.stringify(read(aside)) === JSON.stringify(stale)
  if (tookTheStaleOne) unlinkSync(aside)
  else renameSync(aside, file)
}

function read(file: string): Holder | null {
  try {
    const holder: Partial<Holder> = JSON.parse(readFileSync(file, 'utf8'))
    const { pid, bootId, startTicks } = holder
    return pid === undefined || bootId === undefined || startTicks === undefined
      ? null
      : { pid, bootId, startTicks }
  } catch {
    return null
  }
}

function self(): Holder {
  return { pid: process.pid, bootId: bootId(), startTicks: startTicks(process.pid) ?? '' }
}

function isAlive(holder: Holder): boolean {
  return holder.bootId === bootId() && startTicks(holder.pid) === holder.startTicks
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** Field 22 of proc(5) stat; the command before it may hold spaces and parentheses. Null when there is no such process. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

/** One process per role and state directory, told by a lock file that outlives nobody. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { bootId, processStartTicks } from './boot-identity.ts'

interface Holder {
  readonly pid: number
  readonly startTicks: string
  readonly bootId: string
}

export interface LockFiles {
  readonly lock: string
  /** A file with just the pid, for people and scripts (`kill $(cat …/router.pid)`). */
  readonly pid: string
}

export type LockOutcome =
  | {
      readonly held: true
      release(): void /** The lock is that process's from now on. */
      passTo(pid: number): void
    }
  | { readonly held: false; readonly byPid: number }

/**
 * Takes the lock, or says which living process has it. A holder that died, or lived before the last reboot, holds
 * nothing. Throws when the files cannot be written.
 *
 * Node has no flock(2), so the lock is a file made by link(2), which fails when the name exists; its content names the
 * holder by pid, start time and boot, so that a reused pid is not mistaken for it.
 */
export function acquireLock(files: LockFiles): LockOutcome {
  const mine = holderText(process.pid)
  const draft = `${files.lock}.${process.pid}`
  writeFileSync(draft, mine, { mode: 0o600 })
  try {
    for (;;) {
      if (tryLink(draft, files.lock)) break
      const text = readOrNull(files.lock)
      const holder = text === null ? null : parseHolder(text)
      if (holder && isAlive(holder)) return { held: false, byPid: holder.pid }
      if (text !== null) clearStale(files.lock, text)
    }
  } finally {
    rmSync(draft, { force: true })
  }
  writeFileSync(files.pid, `${process.pid}\n`, { mode: 0o644 })
  return { held: true, release: () => releaseLock(files, mine), passTo: (pid) => passLock(files, pid) }
}

/** Takes up a lock that was passed to this process. Throws when it is another's. */
export function takePassedLock(files: LockFiles): Extract<LockOutcome, { held: true }> {
  const mine = holderText(process.pid)
  if (readOrNull(files.lock) !== mine) throw new Error(`${files.lock} was not passed to this process`)
  return { held: true, release: () => releaseLock(files, mine), passTo: (pid) => passLock(files, pid) }
}

/** There is no moment at which nobody holds it. */
function passLock(files: LockFiles, pid: number): void {
  const draft = `${files.lock}.${pid}`
  writeFileSync(draft, holderText(pid), { mode: 0o600 })
  renameSync(draft, files.lock)
  writeFileSync(files.pid, `${pid}\n`, { mode: 0o644 })
}

function holderText(pid: number): string {
  return JSON.stringify({ pid, startTicks: processStartTicks(pid), bootId: bootId() })
}

/** The living holder's pid, or null. */
export function lockHolder(lockFile: string): number | null {
  const text = readOrNull(lockFile)
  const holder = text === null ? null : parseHolder(text)
  return holder && isAlive(holder) ? holder.pid : null
}

function releaseLock(files: LockFiles, mine: string): void {
  if (readOrNull(files.lock) !== mine) return
  rmSync(files.pid, { force: true })
  rmSync(files.lock, { force: true })
}

function tryLink(draft: string, lock: string): boolean {
  try {
    linkSync(draft, lock)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Removes the dead holder's file, and only that: what was moved away by mistake, a new holder's, is put back. */
function clearStale(lock: string, staleText: string): void {
  const aside = `${lock}.stale.${process.pid}`
  try {
    renameSync(lock, aside)
  } catch {
    return // Somebody else cleared it first.
  }
  if (readOrNull(aside) !== staleText) tryLink(aside, lock)
  rmSync(aside, { force: true })
}

function isAlive(holder: Holder): boolean {
  return holder.bootId === bootId() && processStartTicks(holder.pid) === holder.startTicks
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function parseHolder(text: string): Holder | null {
  try {
    // Written by acquireLock alone; anything else in it fails the liveness test and is treated as stale.
    return JSON.parse(text) as Holder
  } catch {
    return null
  }
}

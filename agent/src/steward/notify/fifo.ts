/**
 * A named pipe that is told one line for each change. Nobody reading it, or somebody reading slowly, holds up nothing
 * else: the lines wait in the spool, and are given up, and reported, when too many wait.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, closeSync, constants, openSync, statSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FifoSettings } from '@aloft/shared/config/notify-config'
import { findAccount } from '../../node/accounts.ts'

const RETRY_MS = 50

export class Fifo {
  readonly #settings: FifoSettings
  #fd: number | null = null

  constructor(settings: FifoSettings) {
    this.#settings = settings
  }

  /** Makes the pipe when it is not there. Throws when it cannot be made, or something else is in its place. */
  prepare(): void {
    const { path, user, group, mode } = this.#settings
    const found = statSync(path, { throwIfNoEntry: false })
    if (found !== undefined && !found.isFIFO()) throw new Error(`${path} is not a named pipe; remove it`)
    if (found === undefined) execFileSync('mkfifo', ['-m', mode.toString(8), path])
    else chmodSync(path, mode)
    if (user === null && group === null) return
    const account = findAccount(user, group)
    if (account === null) throw new Error(`no user or group for ${path}: ${user ?? '-'} ${group ?? '-'}`)
    chownSync(path, user === null ? -1 : account.uid, account.gid)
  }

  /**
   * Writes a line whole, as soon as somebody reads. Resolves false when it was given up because `isGivenUp` said so;
   * rejects when the signal ended it.
   */
  async write(line: string, isGivenUp: () => boolean, signal: AbortSignal): Promise<boolean> {
    const bytes = Buffer.from(line)
    while (!this.#tryWrite(bytes)) {
      if (isGivenUp()) return false
      await sleep(RETRY_MS, undefined, { signal })
    }
    return true
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  /**
   * False: nobody reads (ENXIO, EPIPE), or the pipe is full (EAGAIN). It stays open all the same: lines in it would go
   * with the last that has it open, and a reader that opens it for each line is often away.
   */
  #tryWrite(bytes: Buffer): boolean {
    try {
      this.#fd ??= openSync(this.#settings.path, constants.O_WRONLY | constants.O_NONBLOCK)
      // Up to PIPE_BUF (4096) bytes go whole or not at all (pipe(7)).
      return writeSync(this.#fd, bytes) === bytes.length
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (['ENXIO', 'EPIPE', 'EAGAIN'].includes(code)) return false
      this.close()
      if (code === 'ENOENT') this.prepare()
      else throw error
      return false
    }
  }
}

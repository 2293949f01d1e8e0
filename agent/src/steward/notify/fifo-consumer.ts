/**
 * The program that reads a pipe, kept running: begun again a second after it ended. It outlives a steward that was
 * killed, so that no line it has read is lost with it; the next steward finds it by its process id and start time.
 */
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { CommandLine } from '@aloft/shared/config/notify-config'
import type { Account } from '../../node/accounts.ts'
import { processIdentity, runningProcess, signalProcessGroup } from '../../node/process-identity.ts'

export interface FifoConsumerOptions {
  readonly command: CommandLine
  readonly fifo: string
  readonly account: Account | null
  /** Remembers which process it is. */
  readonly pidFile: string
  readonly log: (text: string) => void
}

const LOOK_MS = 1_000
const KILL_AFTER_MS = 2_000

export class FifoConsumer {
  readonly #options: FifoConsumerOptions
  readonly #timer: NodeJS.Timeout
  #identity: string | null

  constructor(options: FifoConsumerOptions) {
    this.#options = options
    this.#identity = readText(options.pidFile)
    this.#look()
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  get isRunning(): boolean {
    return this.#alive() !== null
  }

  /** Asks it to end, and kills what is left of its group two seconds later. */
  stop(): void {
    clearInterval(this.#timer)
    const pid = this.#alive()
    rmSync(this.#options.pidFile, { force: true })
    if (pid === null) return
    signalProcessGroup(pid, 'SIGTERM')
    setTimeout(() => signalProcessGroup(pid, 'SIGKILL'), KILL_AFTER_MS).unref()
  }

  #look(): void {
    if (this.#alive() === null) this.#start()
  }

  #start(): void {
    const { command, fifo, account, pidFile, log } = this.#options
    const [program, ...args] = command
    const child = spawn(program, [...args, fifo], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
      ...(account && { uid: account.uid, gid: account.gid }),
    })
    child.once('error', (error) => log(`${program} does not start: ${error.message}`))
    child.unref()
    this.#identity = child.pid === undefined ? null : processIdentity(child.pid)
    if (this.#identity !== null) writeFileSync(pidFile, this.#identity)
  }

  #alive(): number | null {
    return runningProcess(this.#identity)
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/**
 * Runs one program for the steward: as whom, for how long at most, and what it said. It gets a process group of its
 * own, so that whatever it started ends with it when its time is up.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Account } from './accounts.ts'
import { signalProcessGroup } from './process-identity.ts'

export interface ScriptOptions {
  readonly command: readonly string[]
  /** Null: whoever runs the agent. */
  readonly account: Account | null
  /** Its group is asked to end then (SIGTERM), and killed two seconds later. */
  readonly timeoutMs: number
  readonly env?: Readonly<Record<string, string>>
}

export interface ScriptResult {
  /** 0 to 255; null: it did not get that far. */
  readonly exitCode: number | null
  readonly ending: 'exited' | 'signalled' | 'timeout' | 'not-started'
  /** The beginning of what it wrote, or why it could not be started. */
  readonly output: string
}

export interface RunningScript {
  /** Undefined: it could not be started. */
  readonly pid: number | undefined
  readonly result: Promise<ScriptResult>
  /** Ends it as its deadline would. */
  end(): void
}

const KILL_AFTER_MS = 2_000
const OUTPUT_BYTES = 4_096
/** What it left running may hold its output open for ever; what it wrote itself is here by then. */
const OUTPUT_AFTER_EXIT_MS = 100

export function runScript({ command, account, timeoutMs, env = {} }: ScriptOptions): RunningScript {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    ...(account && { uid: account.uid, gid: account.gid }),
  })
  let isLate = false
  let killing: NodeJS.Timeout | null = null
  const signalGroup = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined) signalProcessGroup(child.pid, signal)
  }
  const end = () => {
    isLate = true
    signalGroup('SIGTERM')
    killing ??= setTimeout(() => signalGroup('SIGKILL'), KILL_AFTER_MS)
  }
  const deadline = setTimeout(end, timeoutMs)
  const output = collect(child)
  const result = new Promise<ScriptResult>((resolve) => {
    const settle = (ended: ScriptResult) => {
      clearTimeout(deadline)
      // What its group started may be alive still: the second signal comes all the same.
      if (killing !== null && !isGroupAlive(child)) clearTimeout(killing)
      resolve(ended)
    }
    child.once('error', (error) => settle({ exitCode: null, ending: 'not-started', output: error.message }))
    child.once('exit', (exitCode) => {
      const ending = isLate ? 'timeout' : exitCode === null ? 'signalled' : 'exited'
      const finish = () => {
        clearTimeout(waiting)
        child.stdout?.destroy()
        child.stderr?.destroy()
        settle({ exitCode, ending, output: output() })
      }
      const waiting = setTimeout(finish, OUTPUT_AFTER_EXIT_MS)
      child.once('close', finish)
    })
  })
  return { pid: child.pid, result, end }
}

function collect(child: ChildProcess): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (bytes < OUTPUT_BYTES) chunks.push(chunk.subarray(0, OUTPUT_BYTES - bytes))
      bytes += chunk.length
    })
  }
  return () => Buffer.concat(chunks).toString('utf8').trim()
}

function isGroupAlive({ pid }: ChildProcess): boolean {
  try {
    return pid !== undefined && process.kill(-pid, 0)
  } catch {
    return false
  }
}

/** The programs a demo starts: their output kept for when something goes wrong, their end awaited. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { DemoFolder } from './demo-folder.ts'
import { DEMO_MARK } from './demo-leftovers.ts'

/** The bundle this very code runs from: `aloft` starts itself for every part of the demo. */
const PROGRAM = fileURLToPath(new URL('./aloft.js', import.meta.url))

export interface DemoProcess {
  readonly child: ChildProcess
  /** The last lines it printed. */
  output(): string
  /** Resolves with a reason when it ends, asked to or not. */
  readonly ended: Promise<string>
  /** SIGTERM, and SIGKILL when it does not end in time. */
  stop(): Promise<void>
}

const OUTPUT_CHARS_MAX = 64_000
const STOP_PATIENCE_MS = 8_000

export interface Launch {
  readonly before: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

export function startAloft(
  args: readonly string[],
  folder: DemoFolder,
  launch: Launch = { before: [], environment: {} },
): DemoProcess {
  const [command = process.execPath, ...rest] = [...launch.before, process.execPath, PROGRAM, ...args]
  // A session of its own: Ctrl-C in the terminal reaches the demo alone, which then stops its parts in order.
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...launch.environment, [DEMO_MARK]: folder.path },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + String(chunk)).slice(-OUTPUT_CHARS_MAX)
    })
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })
  return { child, output: () => output, ended, stop: () => stop(child, ended) }
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS)
  await ended
  clearTimeout(timer)
}

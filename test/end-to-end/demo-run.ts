/** `npm start` as a newcomer runs it, driven from a test. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { demoFolder } from '../../agent/src/demo/demo-folder.ts'
import { until } from '../lab/wait.ts'

const ALOFT = path.join(import.meta.dirname, '../../node_modules/.bin/aloft')

export interface DemoRun {
  readonly child: ChildProcess
  readonly url: string
  readonly signInLink: string
  readonly token: string
  output(): string
  /** Runs `aloft demo ACTION NODE`. */
  act(action: 'fail' | 'restore' | 'partition', node: string): Promise<string>
  get<T>(path: string): Promise<T>
  /** Ctrl-C; resolves with the exit code. */
  interrupt(): Promise<number | null>
}

/** Starts the demo on a free port and waits until it says that it is live. */
export async function runDemo(environment: Readonly<Record<string, string>> = {}): Promise<DemoRun> {
  const child = spawn(process.execPath, [ALOFT, 'demo', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk)
    })
  }
  await until(() => output.includes('Live after') || child.exitCode !== null, {
    what: 'the demo to be live',
    withinMs: 90_000,
  })
  const signInLink = /https?:\/\/\S+\/sign-in\?code=\S+/.exec(output)?.[0]
  if (signInLink === undefined) throw new Error(`the demo printed no sign-in link:\n${output}`)
  const { origin } = new URL(signInLink)
  const token = readFileSync(path.join(demoFolder().centreData, 'admin-token'), 'utf8').trim()
  const gone = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return {
    child,
    url: origin,
    signInLink,
    token,
    output: () => output,
    act: async (action, node) =>
      (await promisify(execFile)(process.execPath, [ALOFT, 'demo', action, node])).stdout.trim(),
    get: async (path) => {
      const response = await fetch(origin + path, { headers: { authorization: `Bearer ${token}` } })
      if (!response.ok) throw new Error(`GET ${path}: HTTP ${response.status} ${await response.text()}`)
      return response.json()
    },
    interrupt() {
      child.kill('SIGINT')
      return gone
    },
  }
}

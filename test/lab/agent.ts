/** A real Aloft agent in a namespace: both processes, as `aloft agent` starts them. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import type { RouterStatus } from '../../agent/src/router/contract.ts'
import { until } from './wait.ts'

const BUNDLE = path.join(import.meta.dirname, '../../agent/dist/aloft.js')

export interface AgentOptions {
  readonly namespace: string
  /** YAML, as an operator writes it. */
  readonly config: string
  /** Kept from run to run when given; otherwise made, and removed at the end. */
  readonly stateDir?: string
  readonly controlPlane?: string
  readonly enrolmentToken?: string
  readonly environment?: Readonly<Record<string, string>>
  /** A command that runs the agent with something taken away: `setpriv …`. */
  readonly through?: readonly string[]
}

export interface LabAgent {
  readonly stateDir: string
  /** Rewritten by a test that reloads it. */
  readonly configFile: string
  /** What the agent printed on either stream so far. */
  log(): string
  /** The router's truth, through the steward's socket or, while the steward is away, the router's own. */
  routerStatus(): Promise<RouterStatus>
  role(virtualRouter: string): Promise<string>
  pidOf(process: 'router' | 'steward'): number
  killProcess(process: 'router' | 'steward'): void
  /** Its processes, those that have not written their pid yet included. */
  processes(): readonly number[]
  /** SIGTERM to the steward; resolves when both processes are gone. */
  stop(): Promise<void>
  /** SIGKILL to both at once. */
  kill(): Promise<void>
}

/** Starts an agent; it may not have its sockets yet when this returns. */
export function startAgent(options: AgentOptions): LabAgent {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-agent-'))
  const stateDir = options.stateDir ?? path.join(folder, 'state')
  const configFile = path.join(folder, 'aloft.yaml')
  writeFileSync(configFile, options.config)
  const uplink = options.controlPlane === undefined ? [] : ['--control-plane', options.controlPlane]
  const token = options.enrolmentToken === undefined ? [] : ['--enrolment-token', options.enrolmentToken]
  const args = [BUNDLE, 'agent', '--config', configFile, '--state-dir', stateDir, ...uplink, ...token]
  const child = spawn(
    'ip',
    ['netns', 'exec', options.namespace, ...(options.through ?? []), process.execPath, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.environment },
    },
  )
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      log += String(chunk)
    })
  }
  const pidOf = (name: 'router' | 'steward') =>
    Number(readFileSync(path.join(stateDir, `${name}.pid`), 'utf8'))
  const gone = async () => {
    await until(() => processesOf(stateDir).length === 0, {
      what: 'the agent to end',
      withinMs: 15_000,
    }).catch((error: unknown) => {
      const left = processesOf(stateDir).join()
      throw new Error(`${String(error)}; in ${options.namespace}, left are ${left}; it said:\n${log}`)
    })
    rmSync(folder, { recursive: true, force: true })
  }
  const routerStatus = () => askRouter(stateDir)
  return {
    stateDir,
    configFile,
    log: () => log,
    routerStatus,
    role: async (name) =>
      (await routerStatus()).virtualRouters.find(({ virtualRouter }) => virtualRouter === name)?.role ??
      'absent',
    pidOf,
    killProcess: (name) => process.kill(pidOf(name), 'SIGKILL'),
    processes: () => processesOf(stateDir),
    stop: async () => {
      // An agent that a test told to stop itself may be gone already, pid file and all.
      if (existsSync(path.join(stateDir, 'steward.pid'))) signalIfAlive(pidOf('steward'), 'SIGTERM')
      await gone()
    },
    kill: async () => {
      // Stopped first, so that neither can restart the other in between.
      for (let found = 0; found < processesOf(stateDir).length; ) {
        found = processesOf(stateDir).length
        signalAll(stateDir, 'SIGSTOP')
      }
      signalAll(stateDir, 'SIGKILL')
      await gone()
    },
  }
}

/** Every process that was started with this state directory, whether it has written its pid yet or not. */
function processesOf(stateDir: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      // The steward a router starts is named in the router's own arguments as well; it is the same agent.
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      return words[words.indexOf('--state-dir') + 1] === stateDir ? [Number(name)] : []
    } catch {
      // It ended while we looked.
      return []
    }
  })
}

function signalAll(stateDir: string, signal: NodeJS.Signals): void {
  for (const pid of processesOf(stateDir)) signalIfAlive(pid, signal)
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself.
  }
}

/** One status request over STATE/router.sock (agent/src/router/contract.ts). */
function askRouter(stateDir: string): Promise<RouterStatus> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path.join(stateDir, 'router.sock'))
    socket.setTimeout(2_000, () =>
      socket.destroy(new Error('the router did not answer a status request in 2 s')),
    )
    let received = ''
    socket.once('connect', () => socket.write(`${JSON.stringify({ kind: 'status', id: 1 })}\n`))
    socket.on('data', (chunk) => {
      received += String(chunk)
      for (const line of received.split('\n').slice(0, -1)) {
        const message = JSON.parse(line)
        if (message.kind !== 'status') continue
        resolve(message.status)
        socket.destroy()
      }
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the router went away instead of answering')))
  })
}

/** Waits until an agent's virtual router has a role. */
export async function untilRole(
  agent: LabAgent,
  virtualRouter: string,
  role: string,
  withinMs = 10_000,
): Promise<void> {
  await until(async () => (await agent.role(virtualRouter)) === role, {
    what: `${virtualRouter} to be ${role}; the agent says:\n${agent.log()}`,
    withinMs,
  })
}

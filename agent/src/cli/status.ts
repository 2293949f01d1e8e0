/** `aloft status`: the local agent's truth, from the steward's socket, or from the router's when the steward is away. */
import { createConnection } from 'node:net'
import { statePaths } from '../router/state-directory.ts'
import { connectToRouter } from '../steward/router-link.ts'
import type { AgentStatus } from '../steward/status-contract.ts'
import { defaultStateDir } from './default-state-dir.ts'
import { type LocalStatus, statusText } from './status-text.ts'

export interface StatusOptions {
  readonly stateDir?: string
  readonly json?: boolean
}

const ANSWER_WITHIN_MS = 5_000

/** Prints the status. Resolves with the exit code: 1 when no agent runs in that state directory. */
export async function showStatus({ stateDir, json }: StatusOptions): Promise<number> {
  const paths = statePaths(stateDir ?? defaultStateDir())
  const status = (await askSteward(paths.stewardSocket)) ?? (await askRouter(paths.routerSocket))
  if (status === null) {
    process.stderr.write(
      `aloft status: no agent is running in ${paths.directory}; --state-dir names another place\n`,
    )
    return 1
  }
  process.stdout.write(json ? `${JSON.stringify(status, null, 2)}\n` : statusText(status, Date.now()))
  return 0
}

/** Null: nobody listens, or there is no answer in time. */
function askSteward(socketPath: string): Promise<AgentStatus | null> {
  return new Promise((resolve) => {
    let text = ''
    const socket = createConnection(socketPath)
    socket.setEncoding('utf8').setTimeout(ANSWER_WITHIN_MS, () => socket.destroy())
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', () => {})
    // Written by our own status server; an answer cut short is no answer.
    socket.once('close', () => resolve(parse(text) as AgentStatus | null))
  })
}

async function askRouter(socketPath: string): Promise<LocalStatus | null> {
  const connection = await connectToRouter(socketPath)
  if (connection === null) return null
  const router = await connection.status()
  connection.close()
  return router && { agent: null, router, trackers: [], uplink: null, spool: null, notifications: null }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

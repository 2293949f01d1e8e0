/** `aloft upgrade`: the router process is replaced by one of the program as it is installed now; the LAN notices nothing. */
import { setTimeout as sleep } from 'node:timers/promises'
import { statePaths } from '../router/state-directory.ts'
import { connectToRouter } from '../steward/router-link.ts'
import { defaultStateDir } from './default-state-dir.ts'
import { requestOfRouter } from './local-request.ts'

export interface UpgradeOptions {
  readonly stateDir?: string
  readonly json?: boolean
}

const WITHIN_MS = 15_000
const POLL_MS = 20

/** Resolves with the exit code: 1 when the old router still runs. */
export async function upgrade({ stateDir, json }: UpgradeOptions): Promise<number> {
  const asked = await requestOfRouter(stateDir, { kind: 'replace', id: 1 }, (message) =>
    message.kind === 'replacing' ? { error: message.error } : undefined,
  )
  if ('refused' in asked) return refuse(asked.refused)
  if (asked.answer.error !== null) return refuse(asked.answer.error)
  const { routerSocket } = statePaths(stateDir ?? defaultStateDir())
  const pid = await otherRouter(routerSocket, asked.pid)
  if (pid === null)
    return refuse(
      `the router with pid ${asked.pid} still runs; the agent's log says why no other took its place`,
    )
  process.stdout.write(
    json
      ? `${JSON.stringify({ before: asked.pid, now: pid })}\n`
      : `router pid ${pid} runs in the place of ${asked.pid}\n`,
  )
  return 0
}

/** The pid of a router other than that one, once it answers; null: none came. */
async function otherRouter(socketPath: string, before: number): Promise<number | null> {
  for (let waitedMs = 0; waitedMs < WITHIN_MS; waitedMs += POLL_MS) {
    const connection = await connectToRouter(socketPath)
    const status = await connection?.status()
    connection?.close()
    if (status && status.pid !== before) return status.pid
    await sleep(POLL_MS)
  }
  return null
}

function refuse(why: string): number {
  process.stderr.write(`aloft upgrade: ${why}\n`)
  return 1
}

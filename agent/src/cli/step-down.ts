/** `aloft step-down`: the local router gives a role away, and takes it back only when it may. */
import { parseDuration } from '@aloft/shared/time/duration'
import type { RouterMessage } from '../router/contract.ts'
import { statePaths } from '../router/state-directory.ts'
import { connectToRouter, type RouterConnection } from '../steward/router-link.ts'
import { defaultStateDir } from './default-state-dir.ts'
import { WrongUsage } from './outcome.ts'

export interface StepDownOptions {
  readonly for?: string
  readonly undo?: boolean
  readonly stateDir?: string
  readonly json?: boolean
}

const ANSWER_WITHIN_MS = 5_000
const DEFAULT_FOR = '5m'

/** Resolves with the exit code: 1 when there is no such agent or router, or it may not step down. */
export async function stepDown(virtualRouter: string, options: StepDownOptions): Promise<number> {
  const forMs = durationOf(options)
  const { directory, routerSocket } = statePaths(options.stateDir ?? defaultStateDir())
  const connection = await connectToRouter(routerSocket)
  if (connection === null) {
    return refuse(`no agent is running in ${directory}; --state-dir names another place`)
  }
  const undo = options.undo ?? false
  const answer = answerOf(connection)
  connection.send({ kind: 'step-down', id: 1, virtualRouter, forMs, undo })
  const refused = await answer
  connection.close()
  if (refused !== null) return refuse(refused)
  process.stdout.write(
    options.json ? `${JSON.stringify({ virtualRouter, forMs, undo })}\n` : said(virtualRouter, options),
  )
  return 0
}

function said(virtualRouter: string, { for: time = DEFAULT_FOR, undo }: StepDownOptions): string {
  if (undo) return `${virtualRouter} may preempt again\n`
  const until = time === 'ever' ? 'until it is undone' : `for ${time}`
  return `${virtualRouter} gives its role away and preempts nobody ${until}, unless the new active is lost\n`
}

function durationOf({ for: text = DEFAULT_FOR }: StepDownOptions): number | null {
  if (text === 'ever') return null
  const ms = parseDuration(text)
  if (ms === null || ms <= 0)
    throw new WrongUsage(`--for takes a duration such as 30s or 5m, or ever; not ${text}`)
  return ms
}

/** What the router says to the request: null when it is done, otherwise why not. */
function answerOf(connection: RouterConnection): Promise<string | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('the router does not answer'), ANSWER_WITHIN_MS)
    const settle = (answer: string | null) => {
      clearTimeout(timer)
      resolve(answer)
    }
    connection.listen((message: RouterMessage) => {
      if (message.kind === 'stepped-down') settle(message.refused)
      if (message.kind === 'refused') settle(message.error)
    })
    void connection.closed.then(() => settle('the router closed the connection'))
  })
}

function refuse(why: string): number {
  process.stderr.write(`aloft step-down: ${why}\n`)
  return 1
}

/** `aloft step-down`: the local router gives a role away, and takes it back only when it may. */
import { parseDuration } from '@aloft/shared/time/duration'
import { requestOfRouter } from './local-request.ts'
import { WrongUsage } from './outcome.ts'

export interface StepDownOptions {
  readonly for?: string
  readonly undo?: boolean
  readonly stateDir?: string
  readonly json?: boolean
}

const DEFAULT_FOR = '5m'

/** Resolves with the exit code: 1 when there is no such agent or router, or it may not step down. */
export async function stepDown(virtualRouter: string, options: StepDownOptions): Promise<number> {
  const forMs = durationOf(options)
  const undo = options.undo ?? false
  const asked = await requestOfRouter(
    options.stateDir,
    { kind: 'step-down', id: 1, virtualRouter, forMs, undo },
    (message) => (message.kind === 'stepped-down' ? { refused: message.refused } : undefined),
  )
  const refused = 'refused' in asked ? asked.refused : asked.answer.refused
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

function refuse(why: string): number {
  process.stderr.write(`aloft step-down: ${why}\n`)
  return 1
}

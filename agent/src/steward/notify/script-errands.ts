/** Runs the scripts of a virtual router: one at a time for each, each state once, with a deadline. */
import type { CommandLine, Notified, NotifySettings } from '@aloft/shared/config/notify-config'
import { type Account, recallAccount } from '../../node/accounts.ts'
import { runScript, type ScriptResult } from '../../node/script-run.ts'
import type { Errand } from './follower.ts'
import type { RunningScripts } from './running-scripts.ts'
import type { Told, ToldWord } from './told.ts'

export interface ScriptErrandsOptions {
  /** Null: nobody is told of it. */
  readonly settingsOf: (told: Told) => NotifySettings | null
  /** User and group of scripts that name none. */
  readonly account: () => { readonly user: string | null; readonly group: string | null }
  readonly running: RunningScripts
  readonly failed: (failure: { channel: string; about: string; detail: string }) => void
}

/** Which key of `notify` a word belongs to. Priorities are for pipes only. */
const KEY: Readonly<Partial<Record<ToldWord, Notified>>> = {
  MASTER: 'active',
  BACKUP: 'backup',
  FAULT: 'fault',
  STOP: 'stopped',
  DELETED: 'deleted',
  MASTER_RX_LOWER_PRI: 'lowerPriorityHeard',
}

export function scriptErrands(
  told: readonly Told[],
  id: string,
  options: ScriptErrandsOptions,
): readonly Errand[] {
  return told.flatMap((each): Errand[] => {
    const settings = each.isAgain ? null : options.settingsOf(each)
    if (settings === null) return []
    const commands = commandsFor(each, settings)
    if (commands.length === 0) return []
    const run = async (signal: AbortSignal) => {
      for (const command of commands) await runOne({ command, told: each, id, settings, signal }, options)
    }
    return [{ lane: `${each.kind} ${each.name}`, run }]
  })
}

/** The state's own script first, then the one that hears of all states, with four more arguments. */
function commandsFor({ kind, name, word, priority }: Told, { scripts }: NotifySettings): CommandLine[] {
  const key = KEY[word]
  const own = key === undefined ? undefined : scripts[key]
  const isState = key !== undefined && key !== 'lowerPriorityHeard'
  const any = isState ? scripts.any : undefined
  return [
    ...(own === undefined ? [] : [own]),
    ...(any === undefined ? [] : [[...any, kind, name, word, String(priority)] as const]),
  ]
}

interface Run {
  readonly command: CommandLine
  readonly told: Told
  readonly id: string
  readonly settings: NotifySettings
  readonly signal: AbortSignal
}

async function runOne({ command, told, id, settings, signal }: Run, options: ScriptErrandsOptions) {
  const about = `${told.kind} ${told.name} ${told.word}`
  const fail = (detail: string) => options.failed({ channel: `script ${command[0]}`, about, detail })
  const account = accountFor(settings, options)
  if (account === 'unknown') return fail('its user or group does not exist')
  const script = runScript({ command, account, timeoutMs: settings.timeoutMs, env: environment(told, id) })
  options.running.began(script.pid)
  // A stopping agent waits for a script as long as a leaving keepalived does not: it is asked to end, and repeated.
  signal.addEventListener('abort', script.end)
  const result = await script.result
  signal.removeEventListener('abort', script.end)
  options.running.ended(script.pid)
  signal.throwIfAborted()
  const problem = problemOf(result, settings.timeoutMs)
  if (problem !== null) fail(problem)
}

function accountFor(settings: NotifySettings, options: ScriptErrandsOptions): Account | null | 'unknown' {
  const otherwise = options.account()
  const user = settings.user ?? otherwise.user
  const group = settings.group ?? otherwise.group
  if (user === null && group === null) return null
  return recallAccount(user, group) ?? 'unknown'
}

/** `ALOFT_EVENT` is the same when a script is repeated after a crash, so that it can tell. */
function environment({ kind, name, word, priority, reason, family }: Told, id: string) {
  return {
    ALOFT_EVENT: id,
    ALOFT_KIND: kind,
    ALOFT_NAME: name,
    ALOFT_STATE: word,
    ALOFT_PRIORITY: String(priority),
    ...(reason !== null && { ALOFT_REASON: reason }),
    ...(family !== null && { ALOFT_FAMILY: family }),
  }
}

function problemOf({ ending, exitCode, output }: ScriptResult, timeoutMs: number): string | null {
  if (ending === 'exited' && exitCode === 0) return null
  const what = {
    exited: `exit code ${exitCode}`,
    signalled: 'ended by a signal',
    timeout: `ended after ${timeoutMs} ms`,
    'not-started': 'not started',
  }[ending]
  return output === '' ? what : `${what}: ${output}`
}

/** The scripts of a config that may not be run on this host. */
import type { AgentConfig } from '@aloft/shared/config/agent-config'
import { NOTIFIED, type NotifySettings } from '@aloft/shared/config/notify-config'
import { scriptProblem } from '../../node/script-check.ts'

/** One line each: where it stands in the config, and what is wrong with it. */
export function notifyScriptProblems(config: AgentConfig): readonly string[] {
  const { notifications, virtualRouters, syncGroups } = config
  const otherwise = { user: notifications.user, group: notifications.group }
  const lines: string[] = []
  const check = (where: string, command: readonly string[] | null | undefined, as: typeof otherwise) => {
    const problem = command ? scriptProblem(command, as) : null
    if (problem !== null) lines.push(`${where}: ${problem}`)
  }
  const checkNotify = (where: string, { scripts, user, group }: NotifySettings) => {
    const as = { user: user ?? otherwise.user, group: group ?? otherwise.group }
    for (const when of NOTIFIED) check(`${where} notify.${when}`, scripts[when], as)
  }
  for (const { name, notify } of virtualRouters) checkNotify(`virtual router ${name}:`, notify)
  for (const { name, notify } of syncGroups) checkNotify(`sync group ${name}:`, notify)
  for (const pipe of ['fifo', 'vrrpFifo'] as const)
    check(`notifications.${pipe}.script`, notifications[pipe]?.script, otherwise)
  const asAgent = { user: null, group: null }
  for (const hook of ['startup', 'shutdown'] as const)
    check(`notifications.${hook}`, notifications[hook]?.command, asAgent)
  return [...new Set(lines)]
}

/** `notifications.startup` and `.shutdown`: run, and waited for, at the beginning and the end of an agent's life. */
import type { NotificationSettings } from '@aloft/shared/config/notify-config'
import { runScript } from '../../node/script-run.ts'

/** What went wrong, for the log; null: nothing, or there is no such hook. */
export async function runHook(
  when: 'startup' | 'shutdown',
  notifications: NotificationSettings,
): Promise<string | null> {
  const hook = notifications[when]
  if (hook === null) return null
  const { command, timeoutMs } = hook
  const { ending, exitCode, output } = await runScript({ command, account: null, timeoutMs }).result
  if (ending === 'exited' && exitCode === 0) return null
  const how = ending === 'exited' ? `exit code ${exitCode}` : ending
  return `${when} script ${command[0]}: ${how}${output === '' ? '' : `: ${output}`}`
}

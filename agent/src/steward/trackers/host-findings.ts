/**
 * What a config asks of its host that is not there: a script that is missing or not safe to run, an account, a file
 * that cannot be watched. The agent that is to run it refuses such a config, because a check that cannot be made must
 * never look like one that is passed; `aloft check` warns, for it may be another host that is meant.
 */
import type { AgentConfig } from '@aloft/shared/config/agent-config'
import type { Finding } from '@aloft/shared/config/diagnostic'
import { scriptProblem } from '../../node/script-check.ts'
import { fileProblem } from './file-tracker.ts'

type Severity = Finding['severity']

export function hostFindings({ trackers }: AgentConfig, severity: Severity): Finding[] {
  const scripts = trackers.scripts.flatMap((script, index): Finding[] => {
    const path = ['trackers', 'scripts', index]
    const problem = scriptProblem(script.command, script) ?? accountProblem(script.user)
    if (problem === null) return []
    const key = problem.startsWith('there is no user') ? 'user' : 'command'
    const hint = 'on the host that runs it, this refuses the config'
    const place = { path: [...path, key], at: 'value' as const }
    return [
      {
        severity,
        code: 'unusable-script',
        message: problem,
        hint: severity === 'warning' ? hint : null,
        ...place,
      },
    ]
  })
  const files = trackers.files.flatMap(({ path: file }, index): Finding[] => {
    const problem = fileProblem(file)
    const path = ['trackers', 'files', index, 'path']
    const hint = 'for example a file under /run'
    return problem === null
      ? []
      : [{ severity, code: 'unsuitable-file', message: problem, hint, path, at: 'value' }]
  })
  return [...scripts, ...files]
}

/** Only root may run a script as somebody else. */
function accountProblem(user: string | null): string | null {
  const isRoot = process.getuid?.() === 0
  return user === null || isRoot ? null : `the agent is not root, and cannot run it as ${user}`
}

/** The agent's config file as it is now: usable, or refused with everything that is wrong with it. */
import { createHash } from 'node:crypto'
import type { AgentConfig } from '@aloft/shared/config/agent-config'
import { canonicalJson } from '@aloft/shared/config/canonical-json'
import type { Diagnostic } from '@aloft/shared/config/diagnostic'
import { formatDiagnostic } from '@aloft/shared/config/format-diagnostic'
import type { RunningConfig } from '../router/running-config.ts'
import { readCheckedFile } from './checked-file.ts'
import { multicastFindings } from './multicast-findings.ts'
import { notifyScriptProblems } from './notify/script-problems.ts'
import { hostFindings } from './trackers/host-findings.ts'

/** `warnings` and `errors` are for people: each as `aloft check` prints it. `summary` is one line of the errors. */
export type ConfigFile =
  | { readonly usable: true; readonly running: RunningConfig; readonly warnings: readonly string[] }
  | { readonly usable: false; readonly errors: readonly string[]; readonly summary: string }

/** Never throws: a file that cannot be read is refused like one that is wrong. */
export function readConfigFile(file: string): ConfigFile {
  const { text, result: loaded } = readCheckedFile(file)
  if ('config' in loaded) {
    const problems = notifyScriptProblems(loaded.config)
    if (problems.length > 0) return refusedForScripts(file, problems)
    const missing = hostFindings(loaded.config, 'error').map(loaded.place)
    if (missing.length > 0) return refused(file, { text, diagnostics: missing })
    const warnings = [...loaded.warnings, ...multicastFindings(loaded.config).map(loaded.place)]
    const running = { revision: configRevision(loaded.config), config: loaded.config }
    return {
      usable: true,
      running,
      warnings: warnings.map((each) => formatDiagnostic(each, file, text)),
    }
  }
  return refused(file, { text, diagnostics: loaded.diagnostics })
}

function refused(
  file: string,
  { text, diagnostics }: { readonly text: string; readonly diagnostics: readonly Diagnostic[] },
): ConfigFile {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return {
    usable: false,
    errors: diagnostics.map((each) => formatDiagnostic(each, file, text)),
    summary: `${file}:${first?.line}:${first?.column}: ${first?.message}${more}`,
  }
}

/** A script that is missing, or that others can write, is an error now, not a surprise at the first failover. */
function refusedForScripts(file: string, problems: readonly string[]): ConfigFile {
  const errors = problems.map((problem) => `${file}: ${problem}`)
  const [first = ''] = errors
  return {
    usable: false,
    errors,
    summary: problems.length > 1 ? `${first} (and ${problems.length - 1} more)` : first,
  }
}

/** The name of a configuration: equal configurations have equal revisions, on every host. */
export function configRevision(config: AgentConfig): string {
  return createHash('sha256').update(canonicalJson(config)).digest('hex').slice(0, 16)
}

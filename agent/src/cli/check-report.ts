import type { AgentConfig } from '@aloft/shared/config/agent-config'
import type { Diagnostic } from '@aloft/shared/config/diagnostic'
import { formatDiagnostic } from '@aloft/shared/config/format-diagnostic'
import { readCheckedFile } from '../steward/checked-file.ts'
import { configRevision } from '../steward/config-file.ts'
import { multicastFindings } from '../steward/multicast-findings.ts'
import { hostFindings } from '../steward/trackers/host-findings.ts'

/** What `aloft check --json` prints. `config` is what the agent would run; null, like `revision`, when it would not. */
export interface CheckReport {
  readonly file: string
  readonly usable: boolean
  readonly revision: string | null
  readonly config: AgentConfig | null
  readonly diagnostics: readonly Diagnostic[]
}

export function describeCheck(file: string): { readonly json: CheckReport; readonly text: string } {
  const { text, result } = readCheckedFile(file)
  const config = 'config' in result ? result.config : null
  const diagnostics =
    'config' in result
      ? [
          ...result.warnings,
          ...[...hostFindings(result.config, 'warning'), ...multicastFindings(result.config)].map(
            result.place,
          ),
        ]
      : result.diagnostics
  const revision = config === null ? null : configRevision(config)
  const name = file === '-' ? 'standard input' : file
  const parts = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, name, text))
  parts.push(config === null ? refusal(name, diagnostics) : approval(name, config, diagnostics.length))
  return { json: { file, usable: config !== null, revision, config, diagnostics }, text: parts.join('\n\n') }
}

function refusal(name: string, diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  return `${name} cannot be used: ${counted(errors, 'error')}, ${counted(diagnostics.length - errors, 'warning')}`
}

function approval(name: string, config: AgentConfig, warnings: number): string {
  const routers = counted(config.virtualRouters.length, 'virtual router')
  const note = warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`
  return `${name} can be used: node ${config.node}, ${routers}${note}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

import type { AgentConfig } from './agent-config.ts'
import { announcementGroupRules } from './announcements-rules.ts'
import { bfdRules } from './bfd-rules.ts'
import type { Diagnostic, Finding } from './diagnostic.ts'
import { explain, siteDocument } from './explain.ts'
import { staticRules } from './holdings-rules.ts'
import { notificationRules } from './notify-rules.ts'
import { resolve } from './resolve.ts'
import { type Candidate, checkRules } from './rules.ts'
import { AgentDocument, VirtualRouterDocument } from './schema.ts'
import { parseSource } from './source.ts'
import { groupTracks, syncGroupRules } from './sync-group-rules.ts'
import { trackingRules } from './tracking-rules.ts'

export interface LoadedConfig {
  readonly config: AgentConfig
  readonly warnings: readonly Diagnostic[]
  /** Gives what is found out about the config elsewhere its line and column. */
  readonly place: (finding: Finding) => Diagnostic
}

/** At least one is an error; in the order they stand in the file. */
export interface RefusedConfig {
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads the text of an agent's config, YAML or JSON, as far as this version of Aloft runs one: parse, validate,
 * resolve, each a function with its own type. Everything wrong is reported at once. Never throws.
 */
export function loadAgentConfig(text: string): LoadedConfig | RefusedConfig {
  const source = parseSource(text)
  if ('diagnostics' in source) return source
  const { document, findings } = validate(source.value)
  const diagnostics = [...source.notation, ...findings]
    .map((finding) => source.place(finding))
    .sort(inFileOrder)
  const isRefused = diagnostics.some(({ severity }) => severity === 'error')
  if (document === null || isRefused) return { diagnostics }
  return { config: resolve(document), warnings: diagnostics, place: (finding) => source.place(finding) }
}

function inFileOrder(left: Diagnostic, right: Diagnostic): number {
  return left.line - right.line || left.column - right.column
}

/** Step two of three: the schema for every key by itself, then the rules for the routers it finds sound. */
function validate(value: unknown): { document: AgentDocument | null; findings: readonly Finding[] } {
  const site = siteDocument(value)
  if (site !== null) return { document: null, findings: [site] }
  if (value === null || value === undefined) return { document: null, findings: [emptyFile] }
  const parsed = AgentDocument.safeParse(value)
  const structure = parsed.success ? [] : explain(parsed.error.issues)
  const routers = soundRouters(value)
  const findings = [
    ...structure,
    ...bfdRules(value),
    ...checkRules(routers),
    ...trackingRules(value, routers, groupTracks(value)),
    ...agentRules(value, routers),
  ]
  if (!parsed.success) return { document: null, findings }
  const isIdle = parsed.data.virtualRouters.length === 0
  return { document: parsed.data, findings: isIdle ? [...findings, noVirtualRouter] : findings }
}

/** What depends on several keys outside the virtual routers. */
function agentRules(value: unknown, routers: readonly Candidate[]): readonly Finding[] {
  if (typeof value !== 'object' || value === null) return []
  return [
    ...announcementGroupRules(value),
    ...notificationRules(value),
    ...syncGroupRules(value, routers),
    ...staticRules(value),
  ]
}

const emptyFile: Finding = {
  severity: 'error',
  code: 'empty',
  message: 'the file holds no config',
  hint: 'it needs the keys node and virtualRouters; `aloft schema` prints what they hold',
  path: [],
  at: 'value',
}

const noVirtualRouter: Finding = {
  severity: 'warning',
  code: 'no-virtual-router',
  message: 'virtualRouters is empty; this node takes part in none',
  hint: null,
  path: ['virtualRouters'],
  at: 'value',
}

function soundRouters(value: unknown): Candidate[] {
  if (typeof value !== 'object' || value === null || !('virtualRouters' in value)) return []
  if (!Array.isArray(value.virtualRouters)) return []
  return value.virtualRouters.flatMap((written: unknown, index) => {
    const parsed = VirtualRouterDocument.safeParse(written)
    return parsed.success ? [{ index, document: parsed.data }] : []
  })
}

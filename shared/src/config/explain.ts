import type { z } from 'zod'
import type { Finding, Path } from './diagnostic.ts'
import { keepalivedWord } from './keepalived-words.ts'
import { keysAt } from './keys-at.ts'
import { nearest } from './nearest.ts'
import { readRefusal } from './refusal.ts'
import { AgentDocument } from './schema.ts'

type Issue = z.core.$ZodIssue

/** What design §3.2 names and this version does not run; saying "unknown" of these would send people looking for typos. */
const NOT_YET: Readonly<Record<'document' | 'virtualRouter', readonly string[]>> = {
  document: ['virtualServers'],
  virtualRouter: [],
}

/** Keys that make a document one of a whole LAN. */
const SITE_KEYS = ['site', 'nodes'] as const

/** A site document is another thing than an agent's config: one finding instead of many that follow from it. */
export function siteDocument(value: unknown): Finding | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const key = SITE_KEYS.find((candidate) => candidate in value)
  if (key === undefined) return null
  return {
    severity: 'error',
    code: 'not-supported-yet',
    message: 'site documents are not supported by this version yet',
    hint: 'write one config for each node, with the keys node and virtualRouters',
    path: [key],
    at: 'key',
  }
}

/** zod's issues in Aloft's words. */
export function explain(issues: readonly Issue[]): Finding[] {
  const findings = issues.flatMap(explainIssue)
  return findings.filter((finding) => !isMisspelt(finding, findings))
}

/** `interfce: eth0` is one mistake: where the key's misspelling is reported, its absence is not. */
function isMisspelt(finding: Finding, all: readonly Finding[]): boolean {
  if (finding.code !== 'missing-key') return false
  const key = finding.path.at(-1)
  const parent = finding.path.slice(0, -1).join('\n')
  return all.some(
    (other) =>
      other.code === 'unknown-key' &&
      other.path.slice(0, -1).join('\n') === parent &&
      other.hint === `did you mean ${key}?`,
  )
}

function explainIssue(issue: Issue): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => strangeKey(path, key))
  const inside = issue.code === 'invalid_union' ? closestBranch(issue.errors) : null
  if (inside !== null)
    return inside.flatMap((nested) => explainIssue({ ...nested, path: [...path, ...nested.path] }))
  const refusal = readRefusal(issue.message) ?? { code: 'bad-value', message: issue.message, hint: null }
  return [{ severity: 'error', ...refusal, path, at: refusal.code === 'missing-key' ? 'key' : 'value' }]
}

/** The alternative a person was writing: the one whose problems lie inside the value, not in its type. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const inside = branches.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  )
  return inside ?? null
}

function strangeKey(parent: Path, key: string): Finding {
  const place = { severity: 'error' as const, path: [...parent, key], at: 'key' as const }
  const kind =
    parent.length === 0
      ? 'document'
      : parent.length === 2 && parent[0] === 'virtualRouters'
        ? 'virtualRouter'
        : null
  if (kind !== null && NOT_YET[kind].includes(key)) {
    return {
      ...place,
      code: 'not-supported-yet',
      message: `${key} is not supported by this version yet`,
      hint: 'remove it',
    }
  }
  const word = kind === 'virtualRouter' ? keepalivedWord(key) : null
  if (word !== null) return { ...place, ...word, message: `${key} is a word of keepalived’s` }
  if (parent.includes('routes') && (key === 'encapsulation' || key === 'encap')) {
    return {
      ...place,
      code: 'not-supported',
      message: `${key} (encap ip, ip6, mpls) is not built into Aloft`,
      hint: 'make a tunnel interface, and write its name as device',
    }
  }
  if (key === '<<') {
    const hint = 'write the keys out, or use an alias for one value'
    return { ...place, code: 'unknown-key', message: 'YAML merge keys (<<) are not supported', hint }
  }
  const known = keysAt(AgentDocument, parent)
  const meant = nearest(key, known)
  const hint = meant === null ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`
  return { ...place, code: 'unknown-key', message: `unknown key ${printable(key)}`, hint }
}

function printable(key: string): string {
  return /^[\w.-]{1,60}$/.test(key) ? key : JSON.stringify(key.slice(0, 60))
}

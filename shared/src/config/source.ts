import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml'
import type { Diagnostic, Finding, Path } from './diagnostic.ts'
import { formatPath } from './diagnostic.ts'
import { keepalivedLine } from './keepalived-text.ts'

/** The text of a config, read but not yet judged: the value, and where each part of it stands. */
export interface Source {
  readonly value: unknown
  /** Findings about the way values are written, which the value itself no longer shows. */
  readonly notation: readonly Finding[]
  /** Gives a finding its line and column. A place that is not written is shown at the nearest one around it. */
  place(finding: Finding): Diagnostic
}

/** A config is written by hand or rendered per node; one far larger than any of those is a mistake or an attack. */
const TEXT_LENGTH_MAX = 1_048_576
const ALIASES_MAX = 100
const SYNTAX_ERRORS_MAX = 10

/** Step one of three: YAML or JSON text → value with positions. Never throws. */
export function parseSource(text: string): Source | { readonly diagnostics: readonly Diagnostic[] } {
  if (text.length > TEXT_LENGTH_MAX) {
    return refuse('too-large', `the file is larger than ${TEXT_LENGTH_MAX} characters`)
  }
  if (text.includes('\0')) return refuse('not-yaml', 'the file is not text: it holds a NUL character')
  const keepalived = keepalivedLine(text)
  if (keepalived !== null)
    return refuse('keepalived-config', ...keepalivedAdvice, { line: keepalived, column: 1 })
  try {
    return readYaml(text)
  } catch (error) {
    // The library recurses: brackets nested some thousand deep exhaust the stack, aliases of aliases the memory.
    if (error instanceof RangeError) return refuse('too-deep', 'the file is nested too deeply')
    if (error instanceof ReferenceError)
      return refuse('too-many-aliases', 'aliases (*name) expand to too much')
    throw error
  }
}

const keepalivedAdvice = [
  'this is a keepalived.conf; importing one is not supported by this version yet',
  'write an Aloft config: `aloft schema` prints what it may hold',
] as const

function readYaml(text: string): Source | { readonly diagnostics: readonly Diagnostic[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true })
  const broken = [...document.errors, ...document.warnings]
  // Nesting that exhausts the stack is caught inside the library, again and again on the way back up.
  if (broken.some(({ message }) => message.startsWith('Maximum call stack')))
    throw new RangeError('nested too deeply')
  if (broken.length > 0) {
    return {
      diagnostics: firstOfEachLine(
        broken.map((error) => syntaxDiagnostic(error, position(lines, error.pos[0]))),
      ),
    }
  }
  const root = document.contents
  return {
    value: document.toJS({ maxAliasCount: ALIASES_MAX }),
    notation: root === null ? [] : oddNumbers(root),
    place: ({ path, at, ...finding }) => {
      const offset = root === null ? 0 : offsetOf(root, path, at)
      return { ...finding, path: formatPath(path), ...position(lines, offset) }
    },
  }
}

/** One broken line makes the reader stumble several times; the first says where to look. */
function firstOfEachLine(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<number>()
  const first = diagnostics.filter(({ line }) => !seen.has(line) && seen.add(line))
  return first.slice(0, SYNTAX_ERRORS_MAX)
}

interface Position {
  readonly line: number
  readonly column: number
}

function position(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function refuse(
  code: string,
  message: string,
  hint: string | null = null,
  place: Position = { line: 1, column: 1 },
) {
  return { diagnostics: [{ severity: 'error' as const, code, message, ...place, path: '', hint }] }
}

function syntaxDiagnostic(error: YAMLError, place: Position): Diagnostic {
  const base = { severity: 'error' as const, ...place, path: '' }
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return {
        ...base,
        code: 'duplicate-key',
        message: 'this key is already written above',
        hint: 'keep one of the two',
      }
    case 'MULTIPLE_DOCS':
      return {
        ...base,
        code: 'several-documents',
        message: 'a config is one document',
        hint: 'remove the `---` line',
      }
    case 'TAB_AS_INDENT':
      return {
        ...base,
        code: 'not-yaml',
        message: 'not YAML: a tab indents this line',
        hint: 'indent with spaces',
      }
    case 'TAG_RESOLVE_FAILED':
      return {
        ...base,
        code: 'not-yaml',
        message: `not YAML as Aloft reads it: ${error.message}`,
        hint: 'remove the `!` tag',
      }
    default:
      return {
        ...base,
        code: 'not-yaml',
        message: `not YAML: ${error.message}`,
        hint: 'check the indentation, quotes and brackets here and on the line above',
      }
  }
}

/** The offset of the deepest part of `path` that is written. */
function offsetOf(root: Node, path: Path, at: 'key' | 'value'): number {
  let node: Node = root
  let offset = startOf(root)
  for (const [depth, part] of path.entries()) {
    const child = childOf(root, node, part)
    if (child === null) return offset
    const wantKey = at === 'key' && depth === path.length - 1
    offset = wantKey || child.value === null ? child.keyOffset : startOf(child.value)
    if (child.value === null) return offset
    node = child.value
  }
  return offset
}

function childOf(
  root: Node,
  parent: Node,
  part: string | number,
): { value: Node | null; keyOffset: number } | null {
  const node = isAlias(parent) ? anchored(root, parent.source) : parent
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part]
    return isNode(item) ? { value: item, keyOffset: startOf(item) } : null
  }
  if (!isMap(node)) return null
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
  if (pair === undefined || !isNode(pair.key)) return null
  return { value: isNode(pair.value) ? pair.value : null, keyOffset: startOf(pair.key) }
}

function anchored(root: Node, name: string): Node | null {
  let found: Node | null = null
  visit(root, {
    Node: (_, node) => {
      if (!isAlias(node) && node.anchor === name) found = node
    },
  })
  return found
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0
}

/**
 * Numbers that do not mean the same to everyone: `051` is 41 to YAML 1.1 and 51 to YAML 1.2, `0x33` and `1e3` are
 * numbers to some parsers and text to others. An address or a VRID must mean one thing, so they are refused.
 */
function oddNumbers(root: Node): Finding[] {
  const findings: Finding[] = []
  visit(root, {
    Scalar: (_, node, ancestors) => {
      const written = node.source ?? ''
      if (typeof node.value !== 'number' || /^-?(0|[1-9]\d*)(\.\d+)?$/.test(written)) return
      findings.push({
        severity: 'error',
        code: 'ambiguous-number',
        message: `${written} does not mean the same number to every YAML reader`,
        hint: `write ${node.value}, or "${written}" if it is text`,
        path: pathOf([...ancestors, node]),
        at: 'value',
      })
    },
  })
  return findings
}

/** The keys and positions on the way down a chain of ancestors, as `visit` gives it. */
function pathOf(chain: readonly unknown[]): Path {
  const path: (string | number)[] = []
  for (const [i, parent] of chain.entries()) {
    const child = chain[i + 1]
    if (isSeq(parent)) path.push(parent.items.indexOf(child))
    else if (isMap(parent)) {
      const pair = parent.items.find((candidate) => candidate === child)
      if (pair !== undefined && isScalar(pair.key)) path.push(String(pair.key.value))
    }
  }
  return path
}

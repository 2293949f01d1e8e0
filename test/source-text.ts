/**
 * Reads TypeScript as text, for the architecture test. TypeScript 7 has no JavaScript API, and these questions need
 * no syntax tree: the formatter makes indentation reliable, so that a function ends where its indentation returns.
 */

interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

export function importsOf(text: string): Import[] {
  const found: Import[] = []
  const pattern =
    /^(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm
  for (const match of text.matchAll(pattern)) {
    found.push({ specifier: match[2] ?? match[3] ?? '', typeOnly: match[1] !== undefined })
  }
  return found
}

interface FunctionText {
  readonly name: string
  readonly lines: number
  readonly parameters: number
}

const HEADS = [
  /^(\s*)(?:export\s+)?(?:default\s+)?(?:async\s+)?function\*?\s*(\w*)\s*(?:<[^(]*>)?\(/,
  /^(\s*)(?:export\s+)?const\s+(\w+)(?:\s*:[^=]+)?\s*=\s*(?:async\s*)?(?:<[^(]*>)?\((?=.*(?:=>|,|\)|$))/,
  /^(\s+)(?:(?:static|async|private|readonly|override|get|set)\s+)*#?(\w+)\s*(?:<[^(]*>)?\((?=[^;]*(?:\{|,|\(|$))/,
]
const NOT_FUNCTIONS =
  /^(if|for|while|switch|catch|return|await|new|throw|typeof|it|test|describe|expect|import|super)$/

export function functionsOf(text: string): FunctionText[] {
  const lines = text.split('\n')
  const found: FunctionText[] = []
  for (const [at, line] of lines.entries()) {
    const match = HEADS.map((head) => head.exec(line)).find((hit) => hit !== null)
    if (!match || NOT_FUNCTIONS.test(match[2] ?? '')) continue
    const opening = line.slice(0, match[0].length)
    const body = bodyEnd(lines, at, match[1]?.length ?? 0)
    if (body === null) continue
    const parameters = parameterCount(
      lines
        .slice(at, body + 1)
        .join('\n')
        .slice(opening.length),
    )
    found.push({ name: match[2] || '(anonymous)', lines: body - at + 1, parameters })
  }
  return found
}

/** The line that closes what starts at `at`: the first later one as shallow as it that begins with a brace. */
function bodyEnd(lines: readonly string[], at: number, indent: number): number | null {
  const first = lines[at] ?? ''
  if (!/[{(]\s*$/.test(first)) return null
  for (let i = at + 1; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const depth = line.length - line.trimStart().length
    if (line.trim() === '' || depth > indent) continue
    if (/^\s*\}/.test(line) && !/\{\s*$/.test(line)) return i
    if (/^\s*\).*[{]\s*$/.test(line)) continue
    return null
  }
  return null
}

/** Counts the commas of the first parenthesis at depth one, patterns and generics left aside. */
function parameterCount(afterParenthesis: string): number {
  let depth = 0
  let commas = 0
  let seen = false
  let trailing = false
  const text = afterParenthesis.replace(/=>/g, '  ')
  for (const char of text) {
    if ('([{<'.includes(char)) depth++
    else if (')]}>'.includes(char)) {
      if (depth === 0) break
      depth--
    } else if (char === ',' && depth === 0) {
      commas++
      trailing = true
      continue
    }
    if (!/\s/.test(char)) {
      seen = true
      trailing = false
    }
  }
  return seen ? commas + (trailing ? 0 : 1) : 0
}

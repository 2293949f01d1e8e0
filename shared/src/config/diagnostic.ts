/** A place in a config that a person has to look at, and what to do there. */
export interface Diagnostic {
  /** An error refuses the config; a warning is worth reading and changes nothing. */
  readonly severity: 'error' | 'warning'
  /** Stable and kebab-case, for scripts: `wrong-unit`, `duplicate-vrid`. Messages may be reworded, codes may not. */
  readonly code: string
  /** What is wrong, in one line, with the value that is. */
  readonly message: string
  /** Both from 1. A column counts UTF-16 code units, as editors do. */
  readonly line: number
  readonly column: number
  /** `virtualRouters[0].vrid`; empty for the document as a whole. */
  readonly path: string
  /** What to write instead, or null when the message says it. */
  readonly hint: string | null
}

/** Where in the document something is: keys and positions from the root. */
export type Path = readonly (string | number)[]

/** A finding before it is given a line and a column: what `rules.ts` and `explain.ts` return. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly path: Path
  /** Whether to point at the key or at its value. */
  readonly at: 'key' | 'value'
}

/** `['virtualRouters', 0, 'vrid']` → `virtualRouters[0].vrid`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

/**
 * zod carries one string per problem; a diagnostic has a code, a message and a remedy. The schema writes all three into
 * that string, a line each, and `explain.ts` takes them apart again.
 */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly hint: string | null
}

export function writeRefusal({ code, message, hint }: Refusal): string {
  return [code, message, hint ?? ''].join('\n')
}

/** Null for a message that zod made up itself. */
export function readRefusal(text: string): Refusal | null {
  const [code, message, hint, ...rest] = text.split('\n')
  if (code === undefined || message === undefined || hint === undefined || rest.length > 0) return null
  return { code, message, hint: hint === '' ? null : hint }
}

/** A value as a message quotes it: one line, cut where it gets long. */
export function quote(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map of keys'
  if (typeof value !== 'string') return String(value)
  // A control character in a config must not reach a terminal.
  const text = JSON.stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 56)}…"`
}

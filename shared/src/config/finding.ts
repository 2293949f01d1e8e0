import type { Finding } from './diagnostic.ts'

/** A finding that has yet to be called an error or a warning; it points at a value. */
export type Draft = Omit<Finding, 'severity' | 'at'>

export const error = (finding: Draft): Finding => ({ severity: 'error', at: 'value', ...finding })
export const warning = (finding: Draft): Finding => ({ severity: 'warning', at: 'value', ...finding })

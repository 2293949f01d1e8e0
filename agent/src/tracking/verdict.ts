/** What is known of one tracker. The steward finds out; the router acts, and keeps what it was told last. */
import type { TrackedKind } from '@aloft/shared/config/tracking-config'

export interface Verdict {
  readonly kind: TrackedKind
  readonly name: string
  /** `unknown`: it has not reported since the agent started. */
  readonly state: VerdictState
  /** What a file holds; null for every other kind. */
  readonly value: number | null
}

export type VerdictState = 'unknown' | 'up' | 'down'

/** How a tracker is known among all of them, and how people are told of it: `script haproxy`. */
export function trackerKey({ kind, name }: { readonly kind: TrackedKind; readonly name: string }): string {
  return `${kind} ${name}`
}

import type { SpooledEvent } from '@aloft/shared/protocol/events'

/**
 * What of a batch is news, given that everything up to `heldSeq` is held. `seq` within a batch has no holes (the
 * session's machine saw to that). `hole`: the batch begins too far on, and nothing of it may be taken.
 */
export type BatchPlan =
  | { readonly kind: 'hole' }
  | { readonly kind: 'take'; readonly held: readonly SpooledEvent[]; readonly fresh: readonly SpooledEvent[] }

export function planBatch(heldSeq: number, events: readonly SpooledEvent[]): BatchPlan {
  const [first] = events
  if (first === undefined || first.seq > heldSeq + 1) return { kind: 'hole' }
  return {
    kind: 'take',
    held: events.filter(({ seq }) => seq <= heldSeq),
    fresh: events.filter(({ seq }) => seq > heldSeq),
  }
}

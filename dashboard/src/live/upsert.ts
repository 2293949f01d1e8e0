/** A list with one item replaced where it stood, or put in front when it is new. */
export function upsert<T extends { readonly id: string }>(list: readonly T[], item: T): T[] {
  const at = list.findIndex(({ id }) => id === item.id)
  return at < 0 ? [item, ...list] : list.with(at, item)
}

/** Newest first; equal instants keep a stable order by id, so that rows never trade places on their own. */
export function byTimeDescending<T extends { readonly id: string; readonly occurredAt: string }>(
  a: T,
  b: T,
): number {
  return b.occurredAt.localeCompare(a.occurredAt) || b.id.localeCompare(a.id)
}

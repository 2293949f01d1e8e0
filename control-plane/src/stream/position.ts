/**
 * Where a reader of the stream stands: it has everything of feed rows before `id`, and of row `id` the events up to
 * `seq` (all of it when `seq` is null). Written `17` or `17.5`; the SSE id of each message.
 */
export interface Position {
  readonly id: number
  readonly seq: number | null
}

export function formatPosition({ id, seq }: Position): string {
  return seq === null ? String(id) : `${id}.${seq}`
}

/** Null when the text is no position. */
export function parsePosition(text: string): Position | null {
  const match = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text)
  if (match === null) return null
  return { id: Number(match[1]), seq: match[2] === undefined ? null : Number(match[2]) }
}

/** Whether what stands at `position` is news to a reader that stands at `seen`. */
export function isAfter(position: Position, seen: Position): boolean {
  if (position.id !== seen.id) return position.id > seen.id
  return seen.seq !== null && (position.seq ?? 0) > seen.seq
}

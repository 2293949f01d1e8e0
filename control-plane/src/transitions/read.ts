import type { Event } from '@aloft/shared/api/schemas'
import type { Queryable } from '../database/client.ts'
import type { EventKey } from '../database/schema/index.ts'
import { toEvent } from '../events/read.ts'
import { selectTransitions } from './store-read.ts'

export { type NearTransitions, transitionsNear } from './store-near.ts'
export { type Neighbour, transitionsAround } from './store-read.ts'

/** The transitions with these keys as events, named by `eventId`. Kept as long as the failovers they are evidence of. */
export async function readTransitions(
  db: Queryable,
  keys: readonly EventKey[],
): Promise<ReadonlyMap<string, Event>> {
  const rows = keys.length === 0 ? [] : await selectTransitions(db, keys)
  return new Map(rows.map((row) => toEvent(row)).map((event) => [event.id, event]))
}

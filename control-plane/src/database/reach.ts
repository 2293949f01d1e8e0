import { type SQL, sql } from 'drizzle-orm'

/** The sites (ids) a caller reaches with what it asks for: everywhere, or these. */
export type Reach = 'everywhere' | readonly string[]

/** The condition that a row is of a site within reach; `siteId` is the column. A null site is within `everywhere` only. */
export function withinReach(reach: Reach, siteId: SQL): SQL {
  if (reach === 'everywhere') return sql`true`
  // As one text, because drizzle makes a list of parameters of an array. Ids of ours hold nothing to be quoted.
  return sql`${siteId} = any(${`{${reach.join(',')}}`}::uuid[])`
}

export function reaches(reach: Reach, siteId: string | null): boolean {
  return reach === 'everywhere' || (siteId !== null && reach.includes(siteId))
}

export function intersection(a: Reach, b: Reach): Reach {
  if (a === 'everywhere') return b
  return b === 'everywhere' ? a : a.filter((siteId) => b.includes(siteId))
}

/** Whether `inner` holds no site that `outer` does not. */
export function isWithin(inner: Reach, outer: Reach): boolean {
  if (outer === 'everywhere') return true
  return inner !== 'everywhere' && inner.every((siteId) => outer.includes(siteId))
}

import type { NameSite, Site } from '@aloft/shared/api/schemas'
import { recordAudit } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { transact } from '../database/transact.ts'
import type { Caller } from '../http/request-context.ts'
import { Conflict, Forbidden } from '../problems.ts'
import { getSite } from './read.ts'
import { insertSite } from './store-manage.ts'

export interface CreateSite {
  readonly caller: Caller
  readonly reach: Reach
  readonly request: NameSite
  readonly nowMs: number
}

/** Makes a site. Throws `Conflict` when there is one of this name, within the caller's reach or not. */
export function createSite(db: Database, { caller, reach, request, nowMs }: CreateSite): Promise<Site> {
  const { name } = request
  // A site that is new is among nobody's sites.
  if (reach !== 'everywhere') throw new Forbidden('only who may manage all sites may make one')
  return transact(db, async (tx) => {
    const siteId = await insertSite(tx, name, nowMs)
    if (siteId === null) throw new Conflict(`there is a site ${name} already`)
    const target = { kind: 'site', id: siteId }
    await recordAudit(
      tx,
      caller,
      { action: 'site.create', target, siteId, before: null, after: { name } },
      nowMs,
    )
    return (await getSite(tx, reach, siteId)).value
  })
}

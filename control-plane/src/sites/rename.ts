import type { NameSite, Site } from '@aloft/shared/api/schemas'
import { recordAudit } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { transact } from '../database/transact.ts'
import { type Revised, requireRevision } from '../http/entity-tag.ts'
import type { Caller } from '../http/request-context.ts'
import { Conflict, NotFound } from '../problems.ts'
import { getSite } from './read.ts'
import { findSiteNamed, lockSite, setName } from './store-manage.ts'

export interface RenameSite {
  readonly caller: Caller
  readonly reach: Reach
  readonly idOrName: string
  readonly request: NameSite
  /** From `If-Match`; null takes it as it is. */
  readonly revision: string | null
  readonly nowMs: number
}

/**
 * Gives a site another name; everything of it stays, for all of it knows the site by its id. Throws `NotFound`,
 * `PreconditionFailed`, or `Conflict` when the name is taken.
 */
export function renameSite(db: Database, input: RenameSite): Promise<Revised<Site>> {
  const { caller, reach, idOrName, request, nowMs } = input
  return transact(db, async (tx) => {
    const site = await lockSite(tx, reach, idOrName)
    if (site === null) throw new NotFound(`there is no site ${idOrName}`)
    await requireRevision(input.revision, site.revision, () => getSite(tx, reach, site.id))
    if (site.name !== request.name) {
      if ((await findSiteNamed(tx, request.name)) !== null) {
        throw new Conflict(`there is a site ${request.name} already`)
      }
      await setName(tx, site, request.name)
      const target = { kind: 'site', id: site.id }
      const change = { before: { name: site.name }, after: { name: request.name } }
      await recordAudit(tx, caller, { action: 'site.rename', target, siteId: site.id, ...change }, nowMs)
    }
    return getSite(tx, reach, site.id)
  })
}

import { recordAudit } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { transact } from '../database/transact.ts'
import { requireRevision } from '../http/entity-tag.ts'
import type { Caller } from '../http/request-context.ts'
import { Conflict, NotFound } from '../problems.ts'
import { getSite } from './read.ts'
import { countContents, deleteSite, deleteTokens, lockSite } from './store-manage.ts'

export interface RemoveSite {
  readonly caller: Caller
  readonly reach: Reach
  readonly idOrName: string
  /** From `If-Match`; null takes it as it is. */
  readonly revision: string | null
  readonly nowMs: number
}

/** Removes a site that holds nothing, with its enrolment tokens. Throws `Conflict` while it has nodes or history. */
export function removeSite(db: Database, input: RemoveSite): Promise<void> {
  const { caller, reach, idOrName, nowMs } = input
  return transact(db, async (tx) => {
    const site = await lockSite(tx, reach, idOrName)
    if (site === null) throw new NotFound(`there is no site ${idOrName}`)
    await requireRevision(input.revision, site.revision, () => getSite(tx, reach, site.id))
    const { agents, routers } = await countContents(tx, site.id)
    if (agents + routers > 0) {
      throw new Conflict(
        `site ${site.name} is not empty: it has ${agents} nodes and ${routers} virtual routers`,
      )
    }
    const enrolmentTokens = await deleteTokens(tx, site.id)
    await deleteSite(tx, site.id)
    const target = { kind: 'site', id: site.id }
    const before = { name: site.name, enrolmentTokens }
    await recordAudit(
      tx,
      caller,
      { action: 'site.delete', target, siteId: site.id, before, after: null },
      nowMs,
    )
  })
}

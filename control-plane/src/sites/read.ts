import type { Site } from '@aloft/shared/api/schemas'
import { z } from 'zod'
import type { Queryable } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import type { Revised } from '../http/entity-tag.ts'
import { isoInstantOrNull } from '../http/instant.ts'
import { decodeCursor, toPage } from '../http/list-query.ts'
import { NotFound } from '../problems.ts'
import { countStates } from '../virtual-routers/read.ts'
import { type SiteRow, selectSites } from './store-read.ts'

const Cursor = z.tuple([z.string()])

export interface ListSites {
  readonly reach: Reach
  readonly cursor?: string | undefined
  readonly limit: number
}

export async function listSites(db: Queryable, input: ListSites) {
  const after = decodeCursor(input.cursor, Cursor)?.[0] ?? null
  const rows = await selectSites(db, { reach: input.reach, after, limit: input.limit + 1 })
  const page = toPage(rows, input.limit, (row) => [row.name])
  return { items: await withStates(db, page.items), nextCursor: page.nextCursor }
}

/** By id or by name: both are unique, and people know the name. */
export async function getSite(db: Queryable, reach: Reach, idOrName: string): Promise<Revised<Site>> {
  const rows = await selectSites(db, { reach, idOrName, limit: 1 })
  const [site] = await withStates(db, rows)
  const revision = rows[0]?.revision
  if (site === undefined || revision === undefined) throw new NotFound(`there is no site ${idOrName}`)
  return { value: site, revision }
}

async function withStates(db: Queryable, rows: readonly SiteRow[]): Promise<Site[]> {
  const states = await countStates(
    db,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => {
    const own = states.get(row.id) ?? new Map<never, number>()
    return {
      id: row.id,
      name: row.name,
      agents: {
        total: row.agents,
        connected: row.connected,
        silent: row.silent,
        down: row.down,
        unknown: row.unknown,
      },
      virtualRouters: {
        total: [...own.values()].reduce((sum, count) => sum + count, 0),
        served: own.get('served') ?? 0,
        splitBrain: own.get('split-brain') ?? 0,
        noActive: own.get('no-active') ?? 0,
        unknown: own.get('unknown') ?? 0,
      },
      lastFailoverAt: isoInstantOrNull(row.last_failover_ms),
    }
  })
}

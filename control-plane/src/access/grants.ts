import type { Grant } from '@aloft/shared/api/access'
import type { Queryable } from '../database/client.ts'
import { isWithin } from '../database/reach.ts'
import type { StoredGrant } from '../database/schema/index.ts'
import type { Caller } from '../http/request-context.ts'
import { Forbidden, Invalid } from '../problems.ts'
import { PERMISSIONS, type Permission, ROLES, reachOf, reachOfCaller } from './permissions.ts'
import { siteIdsOf, siteNamesOf } from './store-grants.ts'

/** With sites by id, as they are kept. Throws `Invalid` for a site that is not there. */
export async function toStored(db: Queryable, grants: readonly Grant[]): Promise<readonly StoredGrant[]> {
  const ids = await siteIdsOf(db, [...new Set(grants.flatMap(({ sites }) => sites ?? []))])
  return grants.map(({ role, sites }, i) => {
    if (sites === null) return { role, siteIds: null }
    const siteIds = sites.map((name) => {
      const id = ids.get(name)
      if (id !== undefined) return id
      const message = `there is no site ${name}`
      throw new Invalid(message, [{ pointer: `/grants/${i}/sites`, message }])
    })
    return { role, siteIds: [...new Set(siteIds)] }
  })
}

/** What turns kept grants into those the API shows, for all of them at once. A site that is gone since is left out. */
export async function grantNames(
  db: Queryable,
  all: readonly (readonly StoredGrant[])[],
): Promise<(grants: readonly StoredGrant[]) => Grant[]> {
  const ids = [...new Set(all.flat().flatMap(({ siteIds }) => siteIds ?? []))]
  const names = await siteNamesOf(db, ids)
  return (grants) =>
    grants.map(({ role, siteIds }) => ({
      role,
      sites: siteIds === null ? null : siteIds.flatMap((id) => names.get(id) ?? []).sort(),
    }))
}

/** Nobody gives what he has not. Throws `Forbidden`, and names what it is. */
export function requireOwn(caller: Caller, grants: readonly StoredGrant[]): void {
  for (const grant of grants) {
    for (const permission of ROLES[grant.role]) {
      if (isWithin(reachOf([grant], permission), reachOfCaller(caller, permission))) continue
      throw new Forbidden(
        `the role ${grant.role} holds ${permission}, which ${caller.name} has not, or not there`,
      )
    }
  }
}

/** Every permission the caller has anywhere, and where. */
export function permissionsOf(caller: Caller) {
  const all = Object.keys(PERMISSIONS) as Permission[]
  return all
    .map((permission) => ({ permission, reach: reachOfCaller(caller, permission) }))
    .filter(({ reach }) => reach.length > 0)
}

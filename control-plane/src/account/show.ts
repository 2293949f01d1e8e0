import type { Account } from '@aloft/shared/api/access'
import { grantNames, permissionsOf } from '../access/grants.ts'
import type { Queryable } from '../database/client.ts'
import { isoInstantOrNull } from '../http/instant.ts'
import type { Caller } from '../http/request-context.ts'
import { selectHasPassword } from './store.ts'

/** Who the caller is, and what it may where. */
export async function showAccount(db: Queryable, caller: Caller): Promise<Account> {
  const held = permissionsOf(caller)
  // Reach is shown as grants are: by the names of the sites.
  const asGrants = held.map(({ reach }) => [
    { role: 'viewer' as const, siteIds: reach === 'everywhere' ? null : reach },
  ])
  const named = await grantNames(db, [caller.grants, ...asGrants])
  const kind = caller.id.startsWith('user:') ? 'user' : caller.id.startsWith('token:') ? 'token' : 'console'
  return {
    id: caller.id,
    name: caller.name,
    kind,
    grants: named(caller.grants),
    permissions: held.map(({ permission }, i) => ({
      permission,
      sites: named(asGrants[i] ?? [])[0]?.sites ?? null,
    })),
    hasPassword: caller.userId !== null && (await selectHasPassword(db, caller.userId)),
    expiresAt: isoInstantOrNull(caller.expiresAtMs),
  }
}

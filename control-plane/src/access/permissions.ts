import type { AccessRole } from '@aloft/shared/api/access'
import { intersection, type Reach } from '../database/reach.ts'
import type { StoredGrant } from '../database/schema/index.ts'

/**
 * What a route may ask of its caller. `site`: held at some sites and not at others, and what the route shows or changes
 * is limited to those. `everywhere`: about no site, or all of them; a grant at some sites does not do. `own`: about
 * the caller's own account; anybody who is somebody has it.
 */
export const PERMISSIONS = {
  /** See sites, agents, virtual routers, failovers, events, and what is derived from them. */
  'fleet.read': 'site',
  /** Ask an agent for something that changes nothing of who it is: a report, a new key. */
  'agents.operate': 'site',
  /** Say who is part of the fleet: approve, reject, revoke, release from quarantine. */
  'agents.admit': 'site',
  /** Make, rename and remove sites. */
  'sites.manage': 'site',
  /** See, make and revoke what lets nodes in. */
  'enrolment-tokens.manage': 'site',
  /** See who changed what. */
  'audit.read': 'site',
  /** See what the control plane says of itself. */
  'system.read': 'everywhere',
  /** Change what the control plane itself stands on: its signing key. */
  'system.manage': 'everywhere',
  /** Make and change users, and end anybody's credentials. */
  'users.manage': 'everywhere',
  /** One's own password, sessions and API tokens. */
  'account.own': 'own',
} as const satisfies Record<string, 'site' | 'everywhere' | 'own'>

export type Permission = keyof typeof PERMISSIONS

const VIEWER = ['account.own', 'fleet.read', 'system.read'] as const

/** The one table of who may what. A user has as many roles as needed; none includes another but for what is written here. */
export const ROLES: Readonly<Record<AccessRole, readonly Permission[]>> = {
  viewer: VIEWER,
  operator: [...VIEWER, 'agents.operate'],
  author: [...VIEWER, 'sites.manage', 'enrolment-tokens.manage'],
  approver: [...VIEWER, 'agents.admit', 'audit.read'],
  admin: [
    ...VIEWER,
    'agents.operate',
    'agents.admit',
    'sites.manage',
    'enrolment-tokens.manage',
    'audit.read',
    'users.manage',
    'system.manage',
  ],
}

/** The names of the roles that have it, in words. */
export function rolesWith(permission: Permission): string {
  const having = Object.entries(ROLES).filter(([, permissions]) => permissions.includes(permission))
  return having.map(([role]) => role).join(', ')
}

/** Where these grants give this permission. An empty list is nowhere. */
export function reachOf(grants: readonly StoredGrant[], permission: Permission): Reach {
  const giving = grants.filter(({ role }) => ROLES[role].includes(permission))
  const kind = PERMISSIONS[permission]
  if (kind === 'own') return giving.length > 0 ? 'everywhere' : []
  if (giving.some(({ siteIds }) => siteIds === null)) return 'everywhere'
  if (kind === 'everywhere') return []
  return [...new Set(giving.flatMap(({ siteIds }) => siteIds ?? []))]
}

/** What the first token and the one-time links give: whoever reads what the control plane prints runs it. */
export const ADMIN_EVERYWHERE: readonly StoredGrant[] = [{ role: 'admin', siteIds: null }]

/** Where a caller has this permission: by its own grants, and by its owner's if it has one. */
export function reachOfCaller(
  {
    grants,
    within,
  }: { readonly grants: readonly StoredGrant[]; readonly within: readonly StoredGrant[] | null },
  permission: Permission,
): Reach {
  const own = reachOf(grants, permission)
  return within === null ? own : intersection(own, reachOf(within, permission))
}

/** What each permission is good for, in words; the names are the centre's (`access/permissions.ts`). */
export const PERMISSION_WORDS: Readonly<Record<string, string>> = {
  'fleet.read': 'See sites, agents, virtual routers and their history',
  'agents.operate': 'Ask an agent for a report or a new key',
  'agents.admit': 'Approve, reject, revoke and release agents',
  'sites.manage': 'Make, rename and remove sites',
  'enrolment-tokens.manage': 'Make and revoke enrolment tokens',
  'audit.read': 'Read the audit log',
  'system.read': 'See the figures of the control plane itself',
  'system.manage': 'Change the signing key of the control plane',
  'users.manage': 'Make and change users, end anybody’s tokens',
  'account.own': 'Manage one’s own password, sessions and API tokens',
}

import type { RouterState } from '@aloft/shared/protocol/frames'

/** What the backups among these routers hear, in one text to compare: a change of it is in no event. */
export function hearingOf(routers: readonly RouterState[]): string {
  const heard = routers
    .filter(({ role }) => role === 'backup')
    .map(({ virtualRouter, vrid, family, active }) => [virtualRouter, vrid, family, active?.address ?? null])
  return JSON.stringify(heard)
}

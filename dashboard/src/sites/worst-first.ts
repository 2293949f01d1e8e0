import type { Site } from '@aloft/shared/api/schemas'

/** Sites in trouble come first; equals go by name, so that a healthy page stands still. */
export function worstFirst(a: Site, b: Site): number {
  return severity(b) - severity(a) || a.name.localeCompare(b.name)
}

function severity({ virtualRouters, agents }: Site): number {
  if (virtualRouters.splitBrain > 0) return 4
  if (virtualRouters.noActive > 0) return 3
  if (virtualRouters.unknown > 0) return 2
  return agents.connected < agents.total ? 1 : 0
}

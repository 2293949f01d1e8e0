import type { Site } from '@aloft/shared/api/schemas'

/** Sums what the sites report of themselves. */
export function fleetTotals(sites: readonly Site[]) {
  const sum = (pick: (site: Site) => number): number => sites.reduce((total, site) => total + pick(site), 0)
  return {
    sites: sites.length,
    agents: sum(({ agents }) => agents.total),
    connected: sum(({ agents }) => agents.connected),
    virtualRouters: sum(({ virtualRouters }) => virtualRouters.total),
    served: sum(({ virtualRouters }) => virtualRouters.served),
    splitBrain: sum(({ virtualRouters }) => virtualRouters.splitBrain),
    noActive: sum(({ virtualRouters }) => virtualRouters.noActive),
    unknown: sum(({ virtualRouters }) => virtualRouters.unknown),
  }
}

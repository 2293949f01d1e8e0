import type { Agent, Failover, VirtualRouter } from '@aloft/shared/api/schemas'
import { useQuery } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { untilAnswered } from './ask-again.ts'
import { LiveList } from './live-list.ts'

/** The lists the stream writes to. */
export const lists = {
  agents: new LiveList<Agent>('agents', api.agents),
  virtualRouters: new LiveList<VirtualRouter>('virtual-routers', api.virtualRouters),
  failovers: new LiveList<Failover>('failovers', api.failovers),
} as const

/** Sites are sums over the others: they are asked for again when those change. */
export const SITES = ['sites'] as const

export const useSites = () =>
  useQuery({ queryKey: SITES, queryFn: ({ signal }) => api.sites(signal), refetchInterval: untilAnswered })
export const useAgents = () => useQuery(lists.agents.query)
export const useVirtualRouters = () => useQuery(lists.virtualRouters.query)
export const useFailovers = () => useQuery(lists.failovers.query)

/** Whether something was to be brought up to date and could not be. */
export function useIsOutOfDate(): boolean {
  const shown = [useSites(), useAgents(), useVirtualRouters(), useFailovers()]
  return shown.some(({ data, error }) => data !== undefined && error !== null)
}

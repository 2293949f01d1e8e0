import { useQuery } from '@tanstack/react-query'
import { api, isSignedOut } from '../api/client.ts'

/** The query keys the stream writes to; one list each. */
export const keys = {
  sites: ['sites'],
  agents: ['agents'],
  virtualRouters: ['virtual-routers'],
  failovers: ['failovers'],
} as const

/** How often a centre that did not answer is asked again, until it does. */
const ASK_AGAIN_MS = 5_000

export const useSites = () =>
  useQuery({
    queryKey: keys.sites,
    queryFn: api.sites,
    refetchInterval: ({ state: { data, error } }) =>
      error !== null && data === undefined && !isSignedOut(error) ? ASK_AGAIN_MS : false,
  })
export const useAgents = () => useQuery({ queryKey: keys.agents, queryFn: api.agents })
export const useVirtualRouters = () =>
  useQuery({ queryKey: keys.virtualRouters, queryFn: api.virtualRouters })
export const useFailovers = () => useQuery({ queryKey: keys.failovers, queryFn: api.failovers })

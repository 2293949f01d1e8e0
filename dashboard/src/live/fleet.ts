import { useQuery } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { untilAnswered } from './ask-again.ts'

/** The query keys the stream writes to; one list each. */
export const keys = {
  sites: ['sites'],
  agents: ['agents'],
  virtualRouters: ['virtual-routers'],
  failovers: ['failovers'],
} as const

export const useSites = () =>
  useQuery({ queryKey: keys.sites, queryFn: api.sites, refetchInterval: untilAnswered })
export const useAgents = () => useQuery({ queryKey: keys.agents, queryFn: api.agents })
export const useVirtualRouters = () =>
  useQuery({ queryKey: keys.virtualRouters, queryFn: api.virtualRouters })
export const useFailovers = () => useQuery({ queryKey: keys.failovers, queryFn: api.failovers })

import type { Agent, Failover, VirtualRouter } from '@aloft/shared/api/schemas'
import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { keys } from './fleet.ts'
import { upsert } from './upsert.ts'

/** `live`: changes arrive as they happen. Otherwise what is shown may be out of date, and the page says so. */
export type Liveness = 'connecting' | 'live' | 'lost'

/**
 * Follows `GET /api/v1/stream` and writes every change into the lists. The browser resumes with Last-Event-ID by
 * itself; after any break the lists are fetched again too, because a stream may have been too long gone to resume.
 */
export function useLiveStream(): Liveness {
  const queries = useQueryClient()
  const [liveness, setLiveness] = useState<Liveness>('connecting')
  useEffect(() => {
    let interrupted = false
    let stop = follow()
    function follow(): () => void {
      const source = new EventSource('/api/v1/stream')
      let again: ReturnType<typeof setTimeout> | null = null
      source.addEventListener('hello', () => {
        setLiveness('live')
        if (interrupted) for (const queryKey of Object.values(keys)) queries.invalidateQueries({ queryKey })
        interrupted = false
      })
      source.addEventListener('error', () => {
        interrupted = true
        setLiveness('lost')
        if (source.readyState !== EventSource.CLOSED) return
        // The answer was no stream (a proxy without a centre behind it, no session any more): the browser gives up.
        queries.invalidateQueries({ queryKey: keys.sites })
        again = setTimeout(() => {
          stop()
          stop = follow()
        }, FOLLOW_AGAIN_MS)
      })
      const stopListening = listen(source, queries)
      return () => {
        if (again !== null) clearTimeout(again)
        stopListening()
        source.close()
      }
    }
    return () => stop()
  }, [queries])
  return liveness
}

/** After an answer that was no stream. */
const FOLLOW_AGAIN_MS = 3_000

/** Site totals are sums over routers and agents; they are asked for again at most this often. */
const SITES_REFRESH_MS = 1_000

function listen(source: EventSource, queries: QueryClient): () => void {
  let refresh: ReturnType<typeof setTimeout> | null = null
  const refreshSites = (): void => {
    refresh ??= setTimeout(() => {
      refresh = null
      queries.invalidateQueries({ queryKey: keys.sites })
    }, SITES_REFRESH_MS)
  }
  const on = <T extends { readonly id: string }>(kind: string, queryKey: readonly string[]): void => {
    source.addEventListener(kind, (message) => {
      const item: T = JSON.parse(message.data)
      queries.setQueryData<readonly T[]>(queryKey, (list) => upsert(list, item))
      refreshSites()
    })
  }
  on<Failover>('failover', keys.failovers)
  on<VirtualRouter>('virtual-router', keys.virtualRouters)
  on<Agent>('agent', keys.agents)
  return () => {
    if (refresh !== null) clearTimeout(refresh)
  }
}

import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { lists, SITES } from './fleet.ts'
import type { LiveList } from './live-list.ts'

/** `live`: changes arrive as they happen. Otherwise what is shown may be out of date, and the page says so. */
export type Liveness = 'connecting' | 'live' | 'lost'

/**
 * Follows `GET /api/v1/stream` and writes every change into the lists. Whenever it begins the lists are fetched anew: at
 * first because what changed since they were asked for was told to nobody, and after a break because a stream may have
 * been too long gone to resume, as the browser does by itself with Last-Event-ID.
 */
export function useLiveStream(): Liveness {
  const queries = useQueryClient()
  const [liveness, setLiveness] = useState<Liveness>('connecting')
  useEffect(() => {
    let stop = follow()
    function follow(): () => void {
      const source = new EventSource('/api/v1/stream')
      let again: ReturnType<typeof setTimeout> | null = null
      source.addEventListener('hello', () => {
        setLiveness('live')
        const keys = [SITES, ...Object.values(lists).map(({ queryKey }) => queryKey)]
        for (const queryKey of keys) queries.invalidateQueries({ queryKey })
      })
      source.addEventListener('error', () => {
        setLiveness('lost')
        if (source.readyState !== EventSource.CLOSED) return
        // The answer was no stream (a proxy without a centre behind it, no session any more): the browser gives up.
        queries.invalidateQueries({ queryKey: SITES })
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
      queries.invalidateQueries({ queryKey: SITES })
    }, SITES_REFRESH_MS)
  }
  const on = <T extends { readonly id: string }>(kind: string, list: LiveList<T>): void => {
    source.addEventListener(kind, (message) => {
      list.hear(queries, JSON.parse(message.data))
      refreshSites()
    })
  }
  on('failover', lists.failovers)
  on('virtual-router', lists.virtualRouters)
  on('agent', lists.agents)
  return () => {
    if (refresh !== null) clearTimeout(refresh)
  }
}

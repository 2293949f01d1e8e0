import { useSyncExternalStore } from 'react'

/** One clock for the whole page: every "3 s ago" is drawn again together, once a second. */
const listeners = new Set<() => void>()
let nowMs = Date.now()
setInterval(() => {
  nowMs = Date.now()
  for (const listener of listeners) listener()
}, 1_000)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useNowMs(): number {
  return useSyncExternalStore(subscribe, () => nowMs)
}

/** `12 s ago`, `4 min ago`; the exact instant with its error is one hover away. */
export function Ago({ at, errorMs = null }: { readonly at: string; readonly errorMs?: number | null }) {
  const exact = errorMs === null ? at : `${at} ± ${errorMs.toFixed(1)} ms`
  return (
    <time dateTime={at} title={exact}>
      {describeAgo(useNowMs() - Date.parse(at))}
    </time>
  )
}

export function describeAgo(elapsedMs: number): string {
  const seconds = Math.max(0, Math.round(elapsedMs / 1_000))
  if (seconds < 2) return 'now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** A gap as people compare them: `284 ms`, `3.61 s`. */
export function describeDuration(durationMs: number): string {
  if (durationMs < 10) return `${durationMs.toFixed(1)} ms`
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(2)} s`
  return `${Math.floor(durationMs / 60_000)} min ${Math.round((durationMs % 60_000) / 1_000)} s`
}

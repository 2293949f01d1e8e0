import { formatDuration, parseDuration } from '@aloft/shared/time/duration'
import { WrongUsage } from './outcome.ts'

/** `2026-11-22T21:00:00Z`, `2026-11-22`, or a duration before now such as `1h` → ISO 8601 in UTC. */
export function readInstant(option: string, text: string, nowMs: number): string {
  const agoMs = parseDuration(text)
  const ms = agoMs === null ? (/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN) : nowMs - agoMs
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) {
    throw new WrongUsage(`${option} ${text}: write an instant (2026-11-22T21:00:00Z) or how long ago (1h)`)
  }
  return new Date(ms).toISOString()
}

/** `--from` and `--to`, as the API takes them; what was not given is not there. */
export function readSpan(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  nowMs: number,
): { readonly from?: string; readonly to?: string } {
  return {
    ...(from === undefined ? {} : { from: readInstant('--from', from, nowMs) }),
    ...(to === undefined ? {} : { to: readInstant('--to', to, nowMs) }),
  }
}

/** `2026-11-22T21:00:00.123Z` → `2026-11-22 21:00:00.123`: UTC, as the headings say. */
export function showInstant(iso: string): string {
  return iso.replace('T', ' ').replace(/Z$/, '')
}

/** How long ago, rounded to what a person asks: `3s`, `12m`, `5h`, `9d`; `-` for never. */
export function showAgo(iso: string | null, nowMs: number): string {
  if (iso === null) return '-'
  return `${roughly(Math.max(0, nowMs - Date.parse(iso)))} ago`
}

/** The same for what is still to come; `over` when it is not. */
export function showAhead(iso: string, nowMs: number): string {
  const aheadMs = Date.parse(iso) - nowMs
  return aheadMs <= 0 ? 'over' : roughly(aheadMs)
}

function roughly(ms: number): string {
  if (ms < 60_000) return `${Math.floor(ms / 1_000)}s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)}m`
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)}h`
  return `${Math.floor(ms / 86_400_000)}d`
}

/** Milliseconds as a table shows them; `unknown` where nobody could know. */
export function showOutage(outageMs: number | null): string {
  if (outageMs === null) return 'unknown'
  return outageMs < 1_000 ? `${Math.round(outageMs)}ms` : formatDuration(Math.round(outageMs))
}

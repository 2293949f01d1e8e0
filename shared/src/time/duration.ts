/**
 * Durations as people write them (`100ms`, `1s`; never `1m30s`) and as the code holds them: milliseconds.
 * Config never takes a bare number for a duration, so nobody has to remember which unit a key wants.
 */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const WRITTEN_DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Milliseconds of a written duration, or null when the text is not one. */
export function parseDuration(text: string): number | null {
  const match = WRITTEN_DURATION.exec(text.trim())
  if (!match) return null
  const unitMs = UNIT_MS[match[2] ?? '']
  // Rounded to what a double can say: 1.005 s is 1005 ms, not 1004.9999999999999.
  return unitMs === undefined ? null : Number((Number(match[1]) * unitMs).toPrecision(15))
}

/** The shortest exact way to write a duration given in milliseconds: 1500 → `1.5s`, 100 → `100ms`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${durationMs}ms`
  if (durationMs < 60_000 || durationMs % 60_000 !== 0) return `${durationMs / 1_000}s`
  if (durationMs % 3_600_000 !== 0) return `${durationMs / 60_000}m`
  return `${durationMs / 3_600_000}h`
}

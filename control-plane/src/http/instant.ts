/** Milliseconds since the epoch as the API writes them: ISO 8601, UTC, milliseconds. */
export function isoInstant(ms: number): string {
  return new Date(ms).toISOString()
}

export function isoInstantOrNull(ms: number | null): string | null {
  return ms === null ? null : isoInstant(ms)
}

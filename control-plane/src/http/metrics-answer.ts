import { EXPOSITION_CONTENT_TYPE, type Figure, formatMetrics, gauge } from '@aloft/shared/metrics/exposition'

/** Whoever asks for figures has a few seconds; those of the process are there at once. */
const FLEET_MS = 3_000

/** `/metrics`. Without a database it says so, and what the process knows by itself. */
export async function metricsAnswer(
  own: readonly Figure[],
  fleet: () => Promise<readonly Figure[]>,
): Promise<Response> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), FLEET_MS)
  })
  const there = await Promise.race([fleet().catch(() => null), late])
  clearTimeout(timer)
  const up = gauge(
    'aloft_database_up',
    'Whether the database answered for these figures.',
    there === null ? 0 : 1,
  )
  return new Response(formatMetrics([up, ...own, ...(there ?? [])]), {
    headers: { 'content-type': EXPOSITION_CONTENT_TYPE },
  })
}

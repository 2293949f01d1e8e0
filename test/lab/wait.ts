/** Waiting for something to become true, with a deadline and a reason: the only way tests wait. */

export interface Patience {
  /** What is awaited, for the error. */
  readonly what: string
  readonly withinMs: number
  readonly everyMs?: number
}

/** Calls `probe` until it returns something other than null, undefined or false, and returns that. */
export async function until<T>(
  probe: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  { what, withinMs, everyMs = 20 }: Patience,
): Promise<T> {
  const deadline = performance.now() + withinMs
  let lastError: unknown = null
  for (;;) {
    try {
      const value = await probe()
      if (value !== null && value !== undefined && value !== false) return value
    } catch (error) {
      lastError = error
    }
    if (performance.now() > deadline) {
      const because =
        lastError === null
          ? ''
          : ` (last error: ${lastError instanceof Error ? lastError.message : lastError})`
      throw new Error(`waited ${withinMs} ms in vain for ${what}${because}`)
    }
    await pause(everyMs)
  }
}

/** Lets time pass where passing time is the point: a silence that must last, a timer that must not ring. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}

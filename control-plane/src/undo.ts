/** What was started, to be ended in the reverse order. `unhurried`: what is worse when it is left halfway, as PostgreSQL. */
export type Undo = (() => unknown) | { readonly unhurried: () => unknown }

/**
 * A little more than a drain takes. Whoever waits for a query that is never answered must not keep a replica from
 * ending: what it left undone is the database's to undo, like that of one that was killed.
 */
const STEP_MS = 35_000

/** One failure, or one step that never ends, does not keep the rest from ending; then it throws what failed. */
export async function undoAll(undo: Undo[], stepMs = STEP_MS): Promise<void> {
  const failures: unknown[] = []
  for (let last = undo.pop(); last !== undefined; last = undo.pop()) {
    try {
      await (typeof last === 'function' ? inTime(last, stepMs) : last.unhurried())
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'the control plane did not stop cleanly')
}

async function inTime(step: () => unknown, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a part did not stop within ${ms / 1_000} s`)), ms)
  })
  try {
    await Promise.race([step(), tooLate])
  } finally {
    clearTimeout(timer)
  }
}

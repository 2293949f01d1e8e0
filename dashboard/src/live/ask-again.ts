import { isSignedOut } from '../api/client.ts'

/** How often a centre that did not answer is asked again, until it does. */
const ASK_AGAIN_MS = 5_000

/** A `refetchInterval` for what a page cannot do without. */
export function untilAnswered({
  state: { data, error },
}: {
  readonly state: { readonly data: unknown; readonly error: Error | null }
}): number | false {
  return error !== null && data === undefined && !isSignedOut(error) ? ASK_AGAIN_MS : false
}

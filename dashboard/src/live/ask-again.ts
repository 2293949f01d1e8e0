import { isSignedOut } from '../api/client.ts'

/** How often a centre that did not answer, or not with what was asked for, is asked again. */
const ASK_AGAIN_MS = 5_000

/** A `refetchInterval`: after an answer that was none, until there is one or somebody must sign in. */
export function untilAnswered({
  state: { error },
}: {
  readonly state: { readonly error: Error | null }
}): number | false {
  return error === null || isSignedOut(error) ? false : ASK_AGAIN_MS
}

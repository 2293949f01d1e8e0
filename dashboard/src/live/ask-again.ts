import { isForbidden, isSignedOut } from '../api/client.ts'

/** How often a centre that did not answer, or not with what was asked for, is asked again. */
const ASK_AGAIN_MS = 5_000

/** A `refetchInterval` for what a page cannot do without: until it is there, or somebody must sign in. */
export function untilAnswered({
  state: { data, error },
}: {
  readonly state: { readonly data: unknown; readonly error: Error | null }
}): number | false {
  if (error === null || isSignedOut(error)) return false
  return data === undefined || isForbidden(error) ? ASK_AGAIN_MS : false
}

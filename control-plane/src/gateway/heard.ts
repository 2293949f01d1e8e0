import type { Hello } from '@aloft/shared/protocol/frames'

/** What of a hello is needed as long as the session lasts. Thousands of them are kept. */
export type Heard = Pick<Hello, 'epoch' | 'lastSeq' | 'obeys'> & { readonly knowsProbes: boolean }

export function heard({ epoch, lastSeq, obeys, centreNonce }: Hello): Heard {
  return { epoch, lastSeq, ...(obeys !== undefined && { obeys }), knowsProbes: centreNonce !== undefined }
}

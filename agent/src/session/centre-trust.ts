/**
 * Which centre this agent believes. The first one it was enrolled with is pinned; from then on only that key, or one
 * that it endorsed, is answered. What is believed at the challenge counts once the welcome has proven it.
 */
import {
  type CentreName,
  centreProofText,
  type Endorsement,
  endorsementText,
} from '@aloft/shared/protocol/identity'

export interface Pin {
  readonly key: string
  /** The key before it, which replicas that were not told yet may still answer with, until then. */
  readonly previous: { readonly key: string; readonly untilMs: number } | null
}

/** Whether `signature` is that of `publicKey` over `text`. Never throws. */
export type Verify = (publicKey: string, text: string, signature: string) => boolean

export type Trust =
  /** `pin`: what to hold on to from the welcome on; null: a centre without a key, as they were once. */
  | { readonly kind: 'trusted'; readonly pin: Pin | null; readonly key: string | null }
  | { readonly kind: 'distrusted'; readonly reason: string }

/** Judges what a challenge says of the centre. Without a pin whoever answers first is believed. */
export function judgeCentre(
  pin: Pin | null,
  name: CentreName | undefined,
  { verify, wallMs }: { readonly verify: Verify; readonly wallMs: number },
): Trust {
  if (name === undefined) {
    if (pin === null) return { kind: 'trusted', pin: null, key: null }
    return { kind: 'distrusted', reason: `the centre does not say who it is, ${expected(pin)}` }
  }
  const { key } = name
  if (pin === null) return { kind: 'trusted', pin: { key, previous: null }, key }
  if (pin.key === key) return { kind: 'trusted', pin, key }
  if (pin.previous?.key === key && wallMs < pin.previous.untilMs) return { kind: 'trusted', pin, key }
  const last = lastEndorsement(pin.key, name, verify)
  if (last === null)
    return { kind: 'distrusted', reason: `another centre answers (key ${keyName(key)}), ${expected(pin)}` }
  return { kind: 'trusted', pin: { key, previous: { key: last.by, untilMs: last.overlapUntilMs } }, key }
}

/** The last step from `from` to the key the centre answers with, each signed by the one before; null when none leads there. */
function lastEndorsement(
  from: string,
  { key, endorsements }: CentreName,
  verify: Verify,
): Endorsement | null {
  let at = from
  let last: Endorsement | null = null
  for (let steps = 0; at !== key && steps < endorsements.length; steps++) {
    const next = endorsements.find(
      (one) => one.by === at && verify(one.by, endorsementText(one), one.signature),
    )
    if (next === undefined) return null
    last = next
    at = next.key
  }
  return at === key ? last : null
}

/** Whether a welcome proves the key of its challenge; the reason when it does not. */
export function judgeProof(
  key: string | null,
  proof: string | undefined,
  session: Parameters<typeof centreProofText>[0],
  verify: Verify,
): string | null {
  if (key === null) return null
  if (proof !== undefined && verify(key, centreProofText(session), proof)) return null
  return `the centre does not prove that its key is ${keyName(key)}`
}

/** Enough of a key to compare by eye: its end, for every Ed25519 key begins alike. */
export function keyName(key: string): string {
  return `…${key.slice(-12)}`
}

function expected(pin: Pin): string {
  return `this agent was enrolled with ${keyName(pin.key)}; if that centre is gone, remove identity.json and enrol anew`
}

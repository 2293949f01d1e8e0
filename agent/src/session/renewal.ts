/** When a credential is renewed: at two thirds of its life, a tenth of that sooner or later, so that a fleet spreads. */
import type { Credential } from '@aloft/shared/protocol/identity'

const RENEW_AT = 0.667
const RENEW_SPREAD = 0.1
/** A centre that did not answer is asked again after this, and up to twice as long. */
const RENEW_AGAIN_MS = 60_000

/** Milliseconds from now, `spentMs` of the credential's life being over. */
export function renewalDelayMs(credential: Credential, spentMs: number, random: number): number {
  const { issuedMs, expiresMs } = credential
  const atMs = (expiresMs - issuedMs) * RENEW_AT * (1 - RENEW_SPREAD + 2 * RENEW_SPREAD * random)
  return Math.max(RENEW_AGAIN_MS * random, atMs - spentMs)
}

/**
 * How much of a credential's life is over by the clock of this host, which may be wrong: never less than none and never
 * more than all. For one that has just come nobody needs to ask a clock.
 */
export function spentMs({ issuedMs, expiresMs }: Credential, wallMs: number): number {
  return Math.min(Math.max(0, wallMs - issuedMs), Math.max(0, expiresMs - issuedMs))
}

export function renewAgainMs(random: number): number {
  return RENEW_AGAIN_MS * (1 + random)
}

import { randomUUID } from 'node:crypto'
import { type Credential, credentialText } from '@aloft/shared/protocol/identity'
import type { CentreKeys } from '../centre-keys/centre.ts'
import { signedBy } from './signed-by.ts'

/** A welcome brings the next one when this part of the life of the one shown is over: before agents ask by themselves. */
const RENEW_DUE = 0.6
/** How long after its credential lapsed a key that was not revoked still gets another by proving itself alone. */
export const WAY_BACK_MS = 90 * 86_400_000

export function issueCredential(
  keys: CentreKeys,
  to: { readonly agentId: string; readonly publicKey: string; readonly nowMs: number },
): Credential {
  const { agentId, publicKey, nowMs } = to
  const unsigned = {
    serial: randomUUID(),
    agentId,
    publicKey,
    issuedMs: nowMs,
    expiresMs: nowMs + keys.credentialLifeMs,
    issuer: keys.name.key,
  }
  return { ...unsigned, signature: keys.sign(credentialText(unsigned)) }
}

/** An agent that has proven its key, and what it shows besides. */
export interface Shown {
  readonly agentId: string
  readonly publicKey: string
  readonly credential: Credential | undefined
  /** Of the newest credential on record; null when it never had one. */
  readonly lastExpiresAtMs: number | null
  readonly nowMs: number
}

export type CredentialVerdict =
  | { readonly kind: 'good'; readonly renew: boolean }
  /** Not ours, not whole, or somebody else's: nobody who means well shows such a thing. */
  | { readonly kind: 'bad'; readonly reason: string }
  /** The way back is closed: people decide. */
  | { readonly kind: 'too-late'; readonly lapsedAtMs: number }

/**
 * Judges a credential. None at all counts as one that lapsed when the last on record did; an agent that was never given
 * any is of the time before there were any.
 */
export function judgeCredential(keys: CentreKeys, shown: Shown): CredentialVerdict {
  const { credential, lastExpiresAtMs, nowMs } = shown
  if (credential === undefined)
    return lastExpiresAtMs === null ? { kind: 'good', renew: true } : wayBack(lastExpiresAtMs, nowMs)
  const issuedUntilMs = keys.issuedUntilMs(credential.issuer)
  if (issuedUntilMs === null) return bad('it is of another centre')
  if (!signedBy(credential.issuer, credentialText(credential), credential.signature))
    return bad('its signature does not verify')
  if (credential.agentId !== shown.agentId) return bad('it is of another agent')
  if (credential.publicKey !== shown.publicKey) return bad('it is for another key')
  const untilMs = Math.min(credential.expiresMs, issuedUntilMs)
  if (nowMs >= untilMs) return wayBack(Math.max(untilMs, lastExpiresAtMs ?? 0), nowMs)
  const { issuedMs, expiresMs, issuer } = credential
  const isOld = nowMs - issuedMs >= RENEW_DUE * (expiresMs - issuedMs)
  return { kind: 'good', renew: isOld || issuer !== keys.name.key }
}

function wayBack(lapsedAtMs: number, nowMs: number): CredentialVerdict {
  return nowMs - lapsedAtMs > WAY_BACK_MS ? { kind: 'too-late', lapsedAtMs } : { kind: 'good', renew: true }
}

function bad(why: string): CredentialVerdict {
  return { kind: 'bad', reason: `the credential does not hold: ${why}` }
}

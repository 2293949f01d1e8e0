/**
 * Who is who: what an agent proves itself with, and what the centre does. Every text that is signed begins with its
 * purpose, so that no signature can be used for another, and is made of words without spaces, so that it can be read in
 * one way only. All signatures are Ed25519 over the text's UTF-8, base64; all keys are SPKI DER, base64.
 */
import { z } from 'zod'

const Word = z.string().regex(/^\S{1,200}$/)

/** The centre's word that a key is an agent's, for a while. Times are of the centre's clock. */
export const Credential = z.object({
  serial: Word,
  agentId: Word,
  publicKey: Word,
  issuedMs: z.number(),
  expiresMs: z.number(),
  /** The centre's key that signed it. */
  issuer: Word,
  signature: Word,
})
export type Credential = z.infer<typeof Credential>

/** What the issuer signs. */
export function credentialText(credential: Omit<Credential, 'signature'>): string {
  const { serial, agentId, publicKey, issuedMs, expiresMs, issuer } = credential
  return `aloft.v1 credential ${serial} ${agentId} ${publicKey} ${issuedMs} ${expiresMs} ${issuer}`
}

/** The centre's key `by` says that `key` follows it. Until `overlapUntilMs` either may answer for the centre. */
export const Endorsement = z.object({ key: Word, by: Word, overlapUntilMs: z.number(), signature: Word })
export type Endorsement = z.infer<typeof Endorsement>

export function endorsementText({ key, by, overlapUntilMs }: Omit<Endorsement, 'signature'>): string {
  return `aloft.v1 centre-key ${by} ${key} ${overlapUntilMs}`
}

/** The key the centre answers with, and how it came to be: each endorsement leads from an older key to a newer one. */
export const CentreName = z.object({ key: Word, endorsements: z.array(Endorsement).max(64) })
export type CentreName = z.infer<typeof CentreName>

/** What the centre signs in its welcome: it holds its key now, for this agent and this session. */
export function centreProofText(session: {
  readonly agentId: string
  readonly nonce: string
  readonly centreNonce: string
  readonly sessionId: string
}): string {
  const { agentId, nonce, centreNonce, sessionId } = session
  return `aloft.v1 centre ${agentId} ${nonce} ${centreNonce} ${sessionId}`
}

/** What a new key signs when an agent asks for a credential for it, in the session `sessionId`. */
export function candidateText(agentId: string, sessionId: string, publicKey: string): string {
  return `aloft.v1 candidate ${agentId} ${sessionId} ${publicKey}`
}

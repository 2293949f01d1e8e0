/** Who this agent is to the control plane: an Ed25519 key that never leaves the host, and the name it was given. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Credential } from '@aloft/shared/protocol/identity'
import { z } from 'zod'
import { syncDirectory } from '../node/spool-recovery.ts'
import { replaceFile } from '../router/atomic-file.ts'

const Enrolment = z.object({
  agentId: z.string(),
  site: z.string(),
  node: z.string(),
  enrolledWallMs: z.number(),
})

/** The centre this agent believes (`session/centre-trust.ts`). */
const CentrePin = z.object({
  key: z.string(),
  previous: z.object({ key: z.string(), untilMs: z.number() }).nullable(),
})

/**
 * The content of `STATE/identity.json`. `enrolment` null: the key is made, the centre has not answered yet. `candidate`: a key
 * that is to follow this one; until a welcome settles it, either may be the one the centre knows. A credential
 * that cannot be read is no loss: the key proves itself.
 */
const Identity = z.object({
  version: z.literal(1),
  privateKey: z.string(),
  enrolment: Enrolment.nullable(),
  centre: CentrePin.nullable().default(null),
  credential: Credential.nullable().catch(null).default(null),
  candidate: z.object({ privateKey: z.string() }).nullable().default(null),
})
export type Identity = z.infer<typeof Identity>
export type Enrolment = z.infer<typeof Enrolment>

/** Null when there is none yet. Throws an Error with the remedy when there is one that cannot be used. */
export function loadIdentity(file: string): Identity | null {
  if (!existsSync(file)) return null
  try {
    const identity = Identity.parse(JSON.parse(readFileSync(file, 'utf8')))
    createPrivateKey(identity.privateKey)
    return identity
  } catch (error) {
    const why = error instanceof z.ZodError ? 'it is not an identity' : String(error)
    throw new Error(
      `${file} cannot be used (${why}); restore it, or remove it and enrol anew with --enrolment-token`,
      { cause: error },
    )
  }
}

export function makeIdentity(): Identity {
  return {
    version: 1,
    privateKey: newPrivateKey(),
    enrolment: null,
    centre: null,
    credential: null,
    candidate: null,
  }
}

export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Durable, with its name, before it resolves: a key the centre knows must not be lost to a power cut. */
export async function saveIdentity(file: string, identity: Identity): Promise<void> {
  replaceFile(file, `${JSON.stringify(identity, null, 2)}\n`, 'durable')
  await syncDirectory(path.dirname(file))
}

/** SPKI DER in base64, as the protocol has it. */
export function publicKeyOf({ privateKey }: Pick<Identity, 'privateKey'>): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64')
}

/**
 * What people compare of a key, as OpenSSH writes it; the centre shows the same of the key it knows
 * (control-plane/src/agents/fingerprint.ts).
 */
export function fingerprintOf(identity: Pick<Identity, 'privateKey'>): string {
  const key = Buffer.from(publicKeyOf(identity), 'base64')
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** Ed25519 over the text's UTF-8 (RFC 8032), base64. */
export function signText({ privateKey }: Pick<Identity, 'privateKey'>, text: string): string {
  return sign(null, Buffer.from(text), privateKey).toString('base64')
}

/** Whether `signature` is that of an Ed25519 key (SPKI DER, base64) over the text. Never throws. */
export function signedBy(publicKey: string, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType !== 'ed25519') return false
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}

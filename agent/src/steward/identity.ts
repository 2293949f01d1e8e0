/** Who this agent is to the control plane: an Ed25519 key that never leaves the host, and the name it was given. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { syncDirectory } from '../node/spool-recovery.ts'
import { replaceFile } from '../router/atomic-file.ts'

const Enrolment = z.object({
  agentId: z.string(),
  site: z.string(),
  node: z.string(),
  enrolledWallMs: z.number(),
})

/** The content of `STATE/identity.json`. `enrolment` null: the key is made, the centre has not answered yet. */
const Identity = z.object({ version: z.literal(1), privateKey: z.string(), enrolment: Enrolment.nullable() })
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
  const { privateKey } = generateKeyPairSync('ed25519')
  return {
    version: 1,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    enrolment: null,
  }
}

/** Durable, with its name, before it resolves: a key the centre knows must not be lost to a power cut. */
export async function saveIdentity(file: string, identity: Identity): Promise<void> {
  replaceFile(file, `${JSON.stringify(identity, null, 2)}\n`, 'durable')
  await syncDirectory(path.dirname(file))
}

/** SPKI DER in base64, as the protocol has it. */
export function publicKeyOf({ privateKey }: Identity): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64')
}

/** Ed25519 over the text's UTF-8 (RFC 8032), base64. */
export function signText({ privateKey }: Identity, text: string): string {
  return sign(null, Buffer.from(text), privateKey).toString('base64')
}

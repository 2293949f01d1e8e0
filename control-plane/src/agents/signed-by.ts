import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** Whether `signature` (base64) is that of the Ed25519 key (SPKI DER, base64) over `text`. Never throws. */
export function signedBy(publicKey: string, text: string, signature: string): boolean {
  const key = ed25519Of(publicKey)
  return key !== null && verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))
}

export function isEd25519(publicKey: string): boolean {
  return ed25519Of(publicKey) !== null
}

function ed25519Of(publicKey: string): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519' ? key : null
  } catch {
    return null
  }
}

import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { type Credential, candidateText } from '@aloft/shared/protocol/identity'
import type { CentreKeys } from '../centre-keys/centre.ts'
import type { Transaction } from '../database/client.ts'
import { issueCredential } from './credential.ts'
import { isRotationDue } from './rotation.ts'
import { isEd25519, signedBy } from './signed-by.ts'
import { currentSession, isKeyTaken, setCandidate, writeCredential } from './store-identity.ts'
import { lockAgent } from './store-sessions.ts'

export interface RenewalRequest {
  readonly agentId: string
  readonly generation: number
  readonly sessionId: string
  readonly candidate: { readonly publicKey: string; readonly signature: string } | null
}

export type Renewal =
  | {
      readonly kind: 'credential'
      readonly credential: Credential
      readonly candidate: boolean
      readonly rotateKey: boolean
    }
  | { readonly kind: 'ended'; readonly code: CloseCode; readonly reason: string }

/**
 * The next credential of an agent in session; for a candidate, one to try it with. The session proves who asks, as long
 * as it is the agent's newest; a candidate has to prove itself besides.
 */
export async function renew(
  tx: Transaction,
  request: RenewalRequest,
  { keys, nowMs }: { readonly keys: CentreKeys; readonly nowMs: number },
): Promise<Renewal> {
  const { agentId, generation, sessionId, candidate } = request
  const agent = await lockAgent(tx, agentId)
  const session = await currentSession(tx, agentId)
  if (agent === null || agent.standing === 'revoked')
    return { kind: 'ended', code: CloseCode.unauthorised, reason: 'no longer enrolled here' }
  if (session?.generation !== generation)
    return { kind: 'ended', code: CloseCode.superseded, reason: 'a newer session of this agent took over' }
  if (candidate === null) {
    const credential = issueCredential(keys, { agentId, publicKey: agent.publicKey, nowMs })
    await writeCredential(tx, credential)
    return { kind: 'credential', credential, candidate: false, rotateKey: isRotationDue(agent, nowMs) }
  }
  const { publicKey, signature } = candidate
  const isProven =
    isEd25519(publicKey) && signedBy(publicKey, candidateText(agentId, sessionId, publicKey), signature)
  if (!isProven)
    return {
      kind: 'ended',
      code: CloseCode.protocolError,
      reason: 'renew: the new key does not prove itself',
    }
  const isOwn = publicKey === agent.publicKey || publicKey === agent.candidateKey
  if (!isOwn && (await isKeyTaken(tx, publicKey)))
    return { kind: 'ended', code: CloseCode.protocolError, reason: 'renew: that key is in use already' }
  if (publicKey !== agent.publicKey) await setCandidate(tx, agentId, publicKey)
  const credential = issueCredential(keys, { agentId, publicKey, nowMs })
  return { kind: 'credential', credential, candidate: true, rotateKey: false }
}

import { createPublicKey, randomUUID, verify } from 'node:crypto'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { challengeText, type Hello } from '@aloft/shared/protocol/frames'
import type { Transaction } from '../database/client.ts'
import { appendToFeed } from '../feed/append.ts'
import type { ClockOffset } from '../gateway/machine.ts'
import { isId } from '../http/list-query.ts'
import { quarantine } from './quarantine.ts'
import {
  type EnrolledAgent,
  insertSession,
  lockAgent,
  lockCursor,
  setSoftware,
  skipTo,
} from './store-sessions.ts'

export interface Knock {
  readonly hello: Hello
  readonly nonce: string
  readonly clock: ClockOffset
  readonly replica: string
  readonly nowMs: number
}

export type Admission =
  | {
      readonly kind: 'admitted'
      readonly agent: EnrolledAgent
      readonly sessionId: string
      readonly generation: number
      readonly resumeAfterSeq: number
      /** Events the agent no longer has and the centre never got. */
      readonly missingEvents: number
    }
  | { readonly kind: 'refused'; readonly code: CloseCode; readonly reason: string }

/**
 * Lets an agent in: it is enrolled, holds its key, is not quarantined, and its spool goes on where ours ends. The
 * session is then on record as the agent's newest.
 */
export async function admit(tx: Transaction, knock: Knock): Promise<Admission> {
  const { hello, nonce, nowMs } = knock
  const agent = isId(hello.agentId) ? await lockAgent(tx, hello.agentId) : null
  if (agent === null) return refused(CloseCode.unauthorised, 'not enrolled here')
  if (!signedBy(agent.publicKey, challengeText(nonce, agent.id), hello.signature))
    return refused(CloseCode.unauthorised, 'the signature does not verify')
  if (agent.quarantinedReason !== null) return refused(CloseCode.quarantined, agent.quarantinedReason)
  const { epoch, firstSeq, lastSeq } = hello
  const heldSeq = await lockCursor(tx, { agentId: agent.id, epoch, nowMs })
  if (lastSeq < heldSeq) {
    const reason = `spool rewound: ${heldSeq} events held, the agent has ${lastSeq}; enrol anew with a fresh spool`
    await quarantine(tx, agent.id, reason, nowMs)
    await appendToFeed(tx, [{ kind: 'agent', ref: agent.id }], nowMs)
    return refused(CloseCode.quarantined, reason)
  }
  const resumeAfterSeq = Math.max(heldSeq, firstSeq - 1)
  if (resumeAfterSeq > heldSeq) await skipTo(tx, { agentId: agent.id, epoch, seq: resumeAfterSeq })
  const session = await open(tx, agent, knock)
  return { kind: 'admitted', agent, ...session, resumeAfterSeq, missingEvents: resumeAfterSeq - heldSeq }
}

async function open(
  tx: Transaction,
  agent: EnrolledAgent,
  { hello, replica, clock, nowMs }: Knock,
): Promise<{ readonly sessionId: string; readonly generation: number }> {
  const sessionId = randomUUID()
  const generation = await insertSession(tx, {
    agentId: agent.id,
    sessionId,
    replica,
    bootId: hello.bootId,
    runId: hello.runId,
    nowMs,
    clockOffsetMs: clock.offsetMs,
    clockErrorMs: clock.errorMs,
  })
  await setSoftware(tx, agent.id, hello.software)
  await appendToFeed(tx, [{ kind: 'agent', ref: agent.id }], nowMs)
  return { sessionId, generation }
}

function refused(code: CloseCode, reason: string): Admission {
  return { kind: 'refused', code, reason }
}

/** Whether `signature` (base64) is that of the Ed25519 key (SPKI DER, base64) over `text`. Never throws. */
export function signedBy(publicKey: string, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType !== 'ed25519') return false
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}

import { randomUUID } from 'node:crypto'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { challengeText, type Hello, type Welcome } from '@aloft/shared/protocol/frames'
import { centreProofText } from '@aloft/shared/protocol/identity'
import { recordMissing, rememberLastSeen } from '../availability/record.ts'
import type { CentreKeys } from '../centre-keys/centre.ts'
import type { Transaction } from '../database/client.ts'
import { appendToFeed } from '../feed/append.ts'
import type { ClockOffset } from '../gateway/machine.ts'
import { isId } from '../http/list-query.ts'
import { issueCredential, judgeCredential } from './credential.ts'
import { sessionBegan } from './presence.ts'
import { quarantine } from './quarantine.ts'
import { isRotationDue } from './rotation.ts'
import { signedBy } from './signed-by.ts'
import { setStanding, takeCandidate, writeCredential } from './store-identity.ts'
import {
  type EnrolledAgent,
  insertSession,
  lockAgent,
  lockCursor,
  setSoftware,
  skipTo,
} from './store-sessions.ts'
import { type NewestSession, newestSession } from './store-turns.ts'

export interface Knock {
  readonly hello: Hello
  readonly nonce: string
  readonly clock: ClockOffset
  readonly replica: string
  readonly nowMs: number
  readonly keys: CentreKeys
  /** When the challenge went out, by the clock of the replica that sent it. */
  readonly challengedAtMs: number
  /** Over HTTP requests the same hello may come again: the session is named for its challenge then. */
  readonly exchangeSessionId?: string
}

/** What of the welcome is about who is who. */
export type Greeting = Pick<Welcome, 'proof' | 'credential' | 'rotateKey'>

export type Admission =
  | {
      readonly kind: 'admitted'
      readonly agent: EnrolledAgent
      readonly sessionId: string
      readonly generation: number
      readonly resumeAfterSeq: number
      /** Events the agent no longer has and the centre never got. */
      readonly missingEvents: number
      readonly greeting: Greeting
      readonly host: Host
    }
  /** A new key was tried, and holds: it is the agent's from now on. No session was opened. */
  | {
      readonly kind: 'tried'
      readonly sessionId: string
      readonly resumeAfterSeq: number
      readonly greeting: Greeting
    }
  | { readonly kind: 'refused'; readonly code: CloseCode; readonly reason: string }

/** Which machine, and which of its boots, an agent speaks from. */
export interface Host {
  readonly bootId: string
  readonly machineId: string | null
}

/**
 * Lets an agent in: it is enrolled and approved, holds its key, shows a credential that holds, is not quarantined, and
 * its spool goes on where ours ends. The session is then on record as the agent's newest.
 */
export async function admit(tx: Transaction, knock: Knock): Promise<Admission> {
  const { hello, nowMs } = knock
  const agent = isId(hello.agentId) ? await lockAgent(tx, hello.agentId) : null
  if (agent === null) return refused(CloseCode.unauthorised, 'not enrolled here')
  const publicKey = provenKey(agent, knock)
  if (publicKey === null) return refused(CloseCode.unauthorised, 'the signature does not verify')
  const no = refusal(agent)
  if (no !== null) return no
  const judged = await judge(tx, { agent, publicKey, knock })
  if ('kind' in judged) return judged
  if (publicKey === agent.candidateKey) await takeCandidate(tx, agent.id, nowMs)
  const known = { ...agent, publicKey }
  if (hello.trial === true) return tried(tx, known, knock)
  return enter(tx, known, knock, judged.renew)
}

/** The key that signed the challenge: the agent's, or the one that is to follow it. */
function provenKey(agent: EnrolledAgent, { hello, nonce }: Knock): string | null {
  const text = challengeText(nonce, agent.id)
  const keys = [agent.publicKey, ...(agent.candidateKey === null ? [] : [agent.candidateKey])]
  return keys.find((key) => signedBy(key, text, hello.signature)) ?? null
}

function refusal(agent: EnrolledAgent): Admission | null {
  if (agent.standing === 'revoked')
    return refused(
      CloseCode.unauthorised,
      `revoked${agent.standingReason ? `: ${agent.standingReason}` : ''}`,
    )
  if (agent.quarantinedReason !== null) return refused(CloseCode.quarantined, agent.quarantinedReason)
  if (agent.standing !== 'pending') return null
  const how = `aloft agents approve ${agent.id}`
  return refused(CloseCode.pending, `${agent.standingReason ?? 'waits for approval'}: ${how}`)
}

async function judge(
  tx: Transaction,
  at: { readonly agent: EnrolledAgent; readonly publicKey: string; readonly knock: Knock },
): Promise<Admission | { readonly renew: boolean }> {
  const { agent, publicKey } = at
  const { keys, hello, nowMs } = at.knock
  const { credential } = hello
  const lastExpiresAtMs = agent.credentialExpiresAtMs
  const verdict = judgeCredential(keys, { agentId: agent.id, publicKey, credential, lastExpiresAtMs, nowMs })
  if (verdict.kind === 'good') return { renew: verdict.renew }
  if (verdict.kind === 'bad') return refused(CloseCode.unauthorised, verdict.reason)
  const reason = `its credential lapsed on ${new Date(verdict.lapsedAtMs).toISOString().slice(0, 10)}`
  await setStanding(tx, agent.id, { standing: 'pending', reason })
  await appendToFeed(tx, [{ kind: 'agent', ref: agent.id }], nowMs)
  return refused(CloseCode.pending, `${reason}: aloft agents approve ${agent.id}`)
}

async function tried(tx: Transaction, agent: EnrolledAgent, knock: Knock): Promise<Admission> {
  const sessionId = randomUUID()
  const greeting = { proof: proofOf(agent, knock, sessionId) }
  await appendToFeed(tx, [{ kind: 'agent', ref: agent.id }], knock.nowMs)
  return { kind: 'tried', sessionId, resumeAfterSeq: 0, greeting }
}

async function enter(
  tx: Transaction,
  agent: EnrolledAgent,
  knock: Knock,
  renew: boolean,
): Promise<Admission> {
  const { hello, nowMs } = knock
  const newest = await newestSession(tx, agent.id)
  const repeated = repeatedHello(newest, knock)
  if (repeated === 'late') return refused(CloseCode.tryLater, LATE)
  const { epoch, firstSeq, lastSeq } = hello
  const heldSeq = await lockCursor(tx, { agentId: agent.id, epoch, nowMs })
  if (repeated === null && lastSeq < heldSeq) {
    // Said before a later session delivered more: late, not rewound.
    if (isOlderThan(newest, knock)) return refused(CloseCode.tryLater, LATE)
    const reason = `spool rewound: ${heldSeq} events held, the agent has ${lastSeq}; enrol anew with a fresh spool`
    await quarantine(tx, agent.id, reason, nowMs)
    await appendToFeed(tx, [{ kind: 'agent', ref: agent.id }], nowMs)
    return refused(CloseCode.quarantined, reason)
  }
  const resumeAfterSeq = Math.max(heldSeq, firstSeq - 1)
  if (resumeAfterSeq > heldSeq) {
    await skipTo(tx, { agentId: agent.id, epoch, seq: resumeAfterSeq })
    const events = resumeAfterSeq - heldSeq
    await recordMissing(tx, { agentId: agent.id, epoch, seq: heldSeq + 1, events, nowMs })
  }
  await rememberLastSeen(tx, agent.id)
  const sessionId = repeated?.sessionId ?? knock.exchangeSessionId ?? randomUUID()
  const proof = hello.centreNonce === undefined ? null : proofOf(agent, knock, sessionId)
  // An agent that asks for no proof knows nothing of credentials and keys that change.
  const greeting = proof === null ? {} : { proof, ...(await dues(tx, agent, knock, renew)) }
  const generation = repeated?.generation ?? (await open(tx, agent, knock, sessionId))
  const host = { bootId: hello.bootId, machineId: hello.machineId ?? null }
  const missingEvents = resumeAfterSeq - heldSeq
  return { kind: 'admitted', agent, sessionId, generation, resumeAfterSeq, missingEvents, greeting, host }
}

/** What an agent is due at its welcome besides the proof. */
async function dues(
  tx: Transaction,
  agent: EnrolledAgent,
  { keys, nowMs }: Knock,
  renew: boolean,
): Promise<Pick<Greeting, 'credential' | 'rotateKey'>> {
  const rotation = isRotationDue(agent, nowMs) ? ({ rotateKey: true } as const) : {}
  if (!renew) return rotation
  const credential = issueCredential(keys, { agentId: agent.id, publicKey: agent.publicKey, nowMs })
  await writeCredential(tx, credential)
  return { credential, ...rotation }
}

function proofOf(agent: EnrolledAgent, { hello, keys, nonce }: Knock, sessionId: string): string {
  const { centreNonce = '' } = hello
  return keys.sign(centreProofText({ agentId: agent.id, nonce, centreNonce, sessionId }))
}

const LATE = 'a newer session began after this challenge'

/** A hello over HTTP requests: of the session it opened already, from before the newest one, or (null) a new one. */
function repeatedHello(
  newest: NewestSession | null,
  knock: Knock,
): Pick<NewestSession, 'sessionId' | 'generation'> | 'late' | null {
  if (newest === null || knock.exchangeSessionId === undefined) return null
  const { sessionId, generation } = newest
  if (sessionId === knock.exchangeSessionId) return { sessionId, generation }
  return isOlderThan(newest, knock) ? 'late' : null
}

function isOlderThan(newest: NewestSession | null, { challengedAtMs }: Knock): boolean {
  return newest !== null && challengedAtMs < newest.connectedAtMs
}

async function open(
  tx: Transaction,
  agent: EnrolledAgent,
  { hello, replica, clock, nowMs, exchangeSessionId }: Knock,
  sessionId: string,
): Promise<number> {
  const generation = await insertSession(tx, {
    agentId: agent.id,
    sessionId,
    replica,
    bootId: hello.bootId,
    runId: hello.runId,
    machineId: hello.machineId ?? null,
    nowMs,
    clockOffsetMs: clock.offsetMs,
    clockErrorMs: clock.errorMs,
    transport: exchangeSessionId === undefined ? 'websocket' : 'exchange',
  })
  await setSoftware(tx, agent.id, hello.software)
  await sessionBegan(tx, agent.id, nowMs)
  return generation
}

function refused(code: CloseCode, reason: string): Admission {
  return { kind: 'refused', code, reason }
}

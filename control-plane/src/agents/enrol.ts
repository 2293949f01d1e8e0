import { EnrolRequest, type EnrolResponse, enrolmentText } from '@aloft/shared/protocol/frames'
import type { z } from 'zod'
import { recordAudit } from '../audit/record.ts'
import type { Centre, CentreKeys } from '../centre-keys/centre.ts'
import type { Database, Transaction } from '../database/client.ts'
import { transact, violatedConstraint } from '../database/transact.ts'
import { type LockedToken, redeem, redeemable } from '../enrolment-tokens/redeem.ts'
import { appendToFeed } from '../feed/append.ts'
import { Conflict, Forbidden, Invalid } from '../problems.ts'
import { issueCredential } from './credential.ts'
import { isEd25519, signedBy } from './signed-by.ts'
import { agentOfKey, agentOfNode, insertAgent, replaceKey } from './store-enrol.ts'
import { writeCredential } from './store-identity.ts'

export type Enrolled = z.infer<typeof EnrolResponse>

export interface EnrolmentContext {
  readonly db: Database
  readonly centre: Centre
  readonly nowMs: number
  /** Address of who asks, if there is one. */
  readonly from?: string | null
  /** Told what an operator should know of: a node came with a new key. */
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void }
}

/**
 * `POST /agent/v1/enrol`: a token and a key the node made become an identity. The same token, key and node again give
 * the same answer, for an answer may be lost. A node that is enrolled with another key and not connected takes
 * the new one: it was reinstalled, and whoever holds a token of the site may say so. While it is connected it is
 * refused, for then two hosts claim one name.
 */
export async function enrol(context: EnrolmentContext, body: unknown): Promise<Enrolled> {
  const request = parse(body)
  const { nowMs, centre, db, log, from = null } = context
  const keys = await centre.keys()
  const { enrolled, note } = await transact(db, (tx) => enrolIn(tx, request, { keys, nowMs, from })).catch(
    (error: unknown) => {
      if (violatedConstraint(error) === null) throw error
      throw new Conflict(`node ${request.node} is being enrolled by another request; try again`)
    },
  )
  const { agentId, site, node } = enrolled
  if (note === 'replaced') log.warn({ agentId, site, node }, 'a node that was enrolled took a new key')
  if (note === 'new') log.info({ agentId, site, node }, 'a node enrolled')
  return enrolled
}

type Result = { readonly enrolled: Enrolled; readonly note: 'new' | 'again' | 'replaced' }

interface At {
  readonly keys: CentreKeys
  readonly nowMs: number
  readonly from: string | null
}

async function enrolIn(tx: Transaction, request: EnrolRequest, at: At): Promise<Result> {
  const { nowMs, from } = at
  const { node, publicKey } = request
  const { token, previousAgentId } = await redeemable(tx, { token: request.token, publicKey, nowMs })
  const holder = await agentOfKey(tx, publicKey)
  if (holder !== null && (holder.node !== node || holder.siteId !== token.siteId))
    throw new Conflict(
      `this key is enrolled as node ${holder.node} of site ${holder.site}; ` +
        'use another state directory, or remove identity.json from this one',
    )
  if (holder?.standing === 'revoked')
    throw new Forbidden(
      'this key was revoked; to enrol this node anew, remove identity.json from its state directory first',
    )
  if (previousAgentId !== null) {
    if (holder === null) throw new Conflict(`node ${node} has taken another key since; use a new token`)
    const pending = holder.standing === 'pending'
    const enrolled = { agentId: holder.id, site: holder.site, node }
    return { enrolled: await withIdentity(tx, { ...enrolled, publicKey, pending }, at), note: 'again' }
  }
  const { agentId, note, before } = await settle(tx, { request, token, nowMs, from })
  await redeem(tx, { tokenId: token.id, publicKey, agentId, nowMs })
  const pending = token.needsApproval
  const names = { agentId, site: token.site, node }
  const enrolled = await withIdentity(tx, { ...names, publicKey, pending }, at)
  const id = `enrolment-token:${token.id}`
  const change = {
    action: note === 'new' ? 'agent.enrol' : 'agent.replace-key',
    target: { kind: 'agent', id: agentId },
    siteId: token.siteId,
    before: before === null ? null : { publicKey: before.publicKey },
    after: { site: token.site, node, publicKey, labels: token.labels, pending },
  } as const
  await recordAudit(tx, { id, name: node, credential: id, requestId: null }, change, nowMs)
  await appendToFeed(tx, [{ kind: 'agent', ref: agentId }], nowMs)
  return { enrolled, note }
}

/** Who the centre is, and its word for the agent; one that must be approved first gets that with its first welcome. */
async function withIdentity(
  tx: Transaction,
  enrolled: {
    readonly agentId: string
    readonly site: string
    readonly node: string
    readonly publicKey: string
    readonly pending: boolean
  },
  { keys, nowMs }: At,
): Promise<Enrolled> {
  const { publicKey, pending, ...names } = enrolled
  if (pending) return { ...names, centre: keys.name, pending }
  const credential = issueCredential(keys, { agentId: names.agentId, publicKey, nowMs })
  await writeCredential(tx, credential)
  return { ...names, centre: keys.name, credential, pending }
}

interface Settled {
  readonly agentId: string
  readonly note: 'new' | 'replaced'
  readonly before: Awaited<ReturnType<typeof agentOfNode>>
}

async function settle(
  tx: Transaction,
  at: {
    readonly request: EnrolRequest
    readonly token: LockedToken
    readonly nowMs: number
    readonly from: string | null
  },
): Promise<Settled> {
  const { request, nowMs, from } = at
  const { siteId, site, labels, needsApproval } = at.token
  const { node, publicKey, software } = request
  const standing = needsApproval ? ('pending' as const) : ('approved' as const)
  const asked = { enrolledAtMs: nowMs, enrolledFrom: from, keySinceMs: nowMs }
  const identity = { publicKey, software, labels, standing, ...asked }
  const before = await agentOfNode(tx, siteId, node)
  if (before === null) {
    const agentId = await insertAgent(tx, { siteId, node, ...identity })
    return { agentId, note: 'new', before }
  }
  if (before.connected && before.publicKey !== publicKey)
    throw new Conflict(
      `node ${node} of site ${site} is connected with another key; give this node another name, or stop that agent first`,
    )
  await replaceKey(tx, before.id, identity)
  return { agentId: before.id, note: 'replaced', before }
}

function parse(body: unknown): EnrolRequest {
  const parsed = EnrolRequest.safeParse(body)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => ({
      pointer: `/${issue.path.join('/')}`,
      message: issue.message,
    }))
    throw new Invalid('this is not an enrolment request', faults)
  }
  const { token, node, publicKey, signature } = parsed.data
  if (!isEd25519(publicKey)) throw invalid('/publicKey', 'not an Ed25519 key in SPKI DER, base64')
  if (!signedBy(publicKey, enrolmentText(token, node, publicKey), signature))
    throw invalid('/signature', 'not made by that key over this token and node')
  return parsed.data
}

function invalid(pointer: string, message: string): Invalid {
  return new Invalid(`${pointer.slice(1)}: ${message}`, [{ pointer, message }])
}

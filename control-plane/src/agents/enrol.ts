import { createPublicKey } from 'node:crypto'
import { EnrolRequest, type EnrolResponse, enrolmentText } from '@aloft/shared/protocol/frames'
import type { z } from 'zod'
import { recordAudit } from '../audit/record.ts'
import type { Database, Transaction } from '../database/client.ts'
import { transact, violatedConstraint } from '../database/transact.ts'
import { redeem, redeemable } from '../enrolment-tokens/redeem.ts'
import { appendToFeed } from '../feed/append.ts'
import { Conflict, Invalid } from '../problems.ts'
import { signedBy } from './admit.ts'
import { REPLICA_LEASE_MS } from './presence.ts'
import { agentOfKey, agentOfNode, insertAgent, replaceKey } from './store-enrol.ts'

export type Enrolled = z.infer<typeof EnrolResponse>

export interface EnrolmentContext {
  readonly db: Database
  readonly nowMs: number
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
  const { enrolled, note } = await transact(context.db, (tx) => enrolIn(tx, request, context.nowMs)).catch(
    (error: unknown) => {
      if (violatedConstraint(error) === null) throw error
      throw new Conflict(`node ${request.node} is being enrolled by another request; try again`)
    },
  )
  if (note === 'replaced') context.log.warn(enrolled, 'a node that was enrolled took a new key')
  if (note === 'new') context.log.info(enrolled, 'a node enrolled')
  return enrolled
}

type Result = { readonly enrolled: Enrolled; readonly note: 'new' | 'again' | 'replaced' }

async function enrolIn(tx: Transaction, request: EnrolRequest, nowMs: number): Promise<Result> {
  const { node, publicKey } = request
  const { token, previousAgentId } = await redeemable(tx, { token: request.token, publicKey, nowMs })
  const holder = await agentOfKey(tx, publicKey)
  if (holder !== null && (holder.node !== node || holder.siteId !== token.siteId))
    throw new Conflict(
      `this key is enrolled as node ${holder.node} of site ${holder.site}; ` +
        'use another state directory, or remove identity.json from this one',
    )
  if (previousAgentId !== null) {
    if (holder === null) throw new Conflict(`node ${node} has taken another key since; use a new token`)
    return { enrolled: { agentId: holder.id, site: holder.site, node }, note: 'again' }
  }
  const { agentId, note, before } = await settle(tx, {
    request,
    siteId: token.siteId,
    site: token.site,
    nowMs,
  })
  await redeem(tx, { tokenId: token.id, publicKey, agentId, nowMs })
  const id = `enrolment-token:${token.id}`
  const change = {
    action: note === 'new' ? 'agent.enrol' : 'agent.replace-key',
    target: { kind: 'agent', id: agentId },
    siteId: token.siteId,
    before: before === null ? null : { publicKey: before.publicKey },
    after: { site: token.site, node, publicKey },
  } as const
  await recordAudit(tx, { id, name: node, credential: id, requestId: null }, change, nowMs)
  await appendToFeed(tx, [{ kind: 'agent', ref: agentId }], nowMs)
  return { enrolled: { agentId, site: token.site, node }, note }
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
    readonly siteId: string
    readonly site: string
    readonly nowMs: number
  },
): Promise<Settled> {
  const { request, siteId, site, nowMs } = at
  const { node, publicKey, software } = request
  const before = await agentOfNode(tx, { siteId, node, aliveSinceMs: nowMs - REPLICA_LEASE_MS })
  if (before === null) {
    const agentId = await insertAgent(tx, { siteId, node, publicKey, software, enrolledAtMs: nowMs })
    return { agentId, note: 'new', before }
  }
  if (before.connected && before.publicKey !== publicKey)
    throw new Conflict(
      `node ${node} of site ${site} is connected with another key; give this node another name, or stop that agent first`,
    )
  await replaceKey(tx, before.id, { publicKey, software, enrolledAtMs: nowMs })
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

function isEd25519(publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519'
  } catch {
    return false
  }
}

import { createHash } from 'node:crypto'
import { toStored } from '../access/grants.ts'
import { hashSecret, mintSecret } from '../access/secrets.ts'
import { startSession, type Visitor } from '../access/sessions.ts'
import { endSessionsOf, noteSignIn } from '../access/store-users.ts'
import { beginProviderTrial, endProviderTrial } from '../access/trials.ts'
import { recordAudit, systemActor } from '../audit/record.ts'
import type { Database, Transaction } from '../database/client.ts'
import type { StoredGrant } from '../database/schema/index.ts'
import { transact } from '../database/transact.ts'
import { Unauthenticated, Unavailable } from '../problems.ts'
import { grantsOf, userNameOf } from './claims.ts'
import { type Claims, isAway, type Proof, type Provider } from './provider.ts'
import {
  insertIdentity,
  insertProviderUser,
  insertSignIn,
  type LinkedUser,
  lockUserOf,
  setProviderGrants,
  sitesThatExist,
  takeSignIn,
} from './store.ts'

/** How long somebody may take at the provider. */
export const PROVIDER_TTL_MS = 10 * 60_000

export interface ProviderContext {
  readonly db: Database
  readonly provider: Provider
  readonly log: { warn(facts: object, message: string): void }
}

/**
 * Where to send the browser, and the secret that its cookie holds until it is back. Throws `Unavailable`, or
 * `TooManyRequests` at somebody who begins without end.
 */
export async function beginSignIn(
  { db, provider, log }: ProviderContext,
  { address, nowMs }: Pick<Visitor, 'address' | 'nowMs'>,
): Promise<{ readonly url: URL; readonly secret: string }> {
  await beginProviderTrial(db, address, nowMs)
  const secret = mintSecret('code')
  const proof = proofOf(secret)
  const url = await provider.authorizationUrl(proof).catch((error: unknown) => {
    log.warn({ err: error }, 'the identity provider cannot be asked')
    throw new Unavailable('the identity provider does not answer', 5_000, { cause: error })
  })
  await insertSignIn(db, { stateHash: hashSecret(proof.state), expiresAtMs: nowMs + PROVIDER_TTL_MS })
  return { url, secret }
}

/**
 * The browser is back: who signed in gets a session. `secret` is the cookie's, null without one. A callback works once, in
 * the browser it was begun in, for ten minutes. Throws `Unauthenticated` or `Unavailable`.
 */
export async function finishSignIn(
  context: ProviderContext,
  callback: URL,
  secret: string | null,
  visitor: Visitor,
): Promise<string> {
  const { db, provider, log } = context
  const proof = secret === null ? null : proofOf(secret)
  if (proof === null || callback.searchParams.get('state') !== proof.state)
    throw new Unauthenticated('this sign-in was not begun in this browser; begin again')
  if (!(await takeSignIn(db, hashSecret(proof.state), visitor.nowMs)))
    throw new Unauthenticated('this sign-in was used already or took too long; begin again')
  const claims = await provider.claims(callback, proof).catch((error: unknown) => {
    log.warn({ err: error }, 'the identity provider did not sign somebody in')
    if (isAway(error)) throw new Unavailable('the identity provider does not answer', 5_000, { cause: error })
    const denied = callback.searchParams.get('error') === 'access_denied'
    throw new Unauthenticated(
      denied ? 'the identity provider refused' : 'what the identity provider answered does not hold',
    )
  })
  const outcome = await transact(db, (tx) => settle(tx, context, claims, visitor))
  if ('refused' in outcome) {
    log.warn({ issuer: claims.iss, subject: claims.sub }, `sign-in refused: ${outcome.refused}`)
    throw new Unauthenticated(outcome.refused)
  }
  return outcome.secret
}

/** All three from one secret, so that the database holds none of them. */
function proofOf(secret: string): Proof {
  const derived = (purpose: string) =>
    createHash('sha256').update(`aloft ${purpose} ${secret}`).digest('base64url')
  return { state: derived('state'), nonce: derived('nonce'), codeVerifier: derived('verifier') }
}

type Outcome = { readonly secret: string } | { readonly refused: string }

async function settle(
  tx: Transaction,
  { provider, log }: ProviderContext,
  claims: Claims,
  visitor: Visitor,
): Promise<Outcome> {
  const { nowMs } = visitor
  const { grants, unknown } = await sitesThatExist(tx, grantsOf(provider.settings, claims))
  if (unknown.length > 0)
    log.warn({ sites: unknown }, 'the identity provider’s grants name sites there are not')
  const given = await toStored(tx, grants)
  const user = await findOrMake(tx, provider, claims, { given, nowMs })
  if (user === null) return { refused: NOTHING_TO_DO }
  if ('refused' in user) return user
  if (user.disabled) return { refused: 'this user is disabled' }
  const may = user.grantsFrom === 'admin' ? user.grants : given
  if (JSON.stringify(may) !== JSON.stringify(user.grants)) {
    await setProviderGrants(tx, user.id, may)
    const target = { kind: 'user', id: user.id }
    const change = { action: 'user.change', target, siteId: null } as const
    const grantsThen = { before: { grants: user.grants }, after: { grants: may } }
    await recordAudit(tx, systemActor('identity-provider'), { ...change, ...grantsThen }, nowMs)
  }
  if (may.length === 0) {
    // What other browsers of the user may is gone with the grants; their sessions need not linger.
    await endSessionsOf(tx, user.id)
    return { refused: NOTHING_TO_DO }
  }
  await noteSignIn(tx, user.id, nowMs)
  await endProviderTrial(tx, visitor.address)
  const actor = { id: `user:${user.id}`, name: user.name }
  return { secret: await startSession(tx, { userId: user.id, actor }, 'provider', visitor) }
}

const NOTHING_TO_DO = 'the identity provider gives this user nothing to do here; ask for a group that does'

interface FirstSignIn {
  readonly given: readonly StoredGrant[]
  readonly nowMs: number
}

/** The user linked with that subject, or a new one. Null: nobody is made who may do nothing. */
async function findOrMake(
  tx: Transaction,
  provider: Provider,
  claims: Claims,
  { given, nowMs }: FirstSignIn,
): Promise<LinkedUser | { readonly refused: string } | null> {
  const { iss: issuer, sub: subject } = claims
  const linked = await lockUserOf(tx, issuer, subject)
  if (linked !== null || given.length === 0) return linked
  const name = userNameOf(provider.settings, claims)
  if (name === null)
    return { refused: `the identity provider sends no usable name (claim ${provider.settings.nameClaim})` }
  const id = await insertProviderUser(tx, { name, grants: given, createdAtMs: nowMs })
  if (id === null) {
    // Made by the same person's other browser in this moment, or somebody else's: a name proves nothing.
    const other = await lockUserOf(tx, issuer, subject)
    return other ?? { refused: `there is a user ${name} already, who does not sign in this way` }
  }
  await insertIdentity(tx, { issuer, subject, userId: id, createdAtMs: nowMs })
  const target = { kind: 'user', id }
  const after = { name, issuer, subject, grants: given }
  const change = { action: 'user.create', target, siteId: null, before: null, after } as const
  await recordAudit(tx, systemActor('identity-provider'), change, nowMs)
  return { id, name, grants: given, grantsFrom: 'provider', disabled: false }
}

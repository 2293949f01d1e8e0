import type { ChangeUser, PasswordReset, ResetPassword, User } from '@aloft/shared/api/access'
import { toStored } from '../access/grants.ts'
import { generatePassword, hashPassword } from '../access/passwords.ts'
import { endSessionsOf, setPassword } from '../access/store-users.ts'
import { recordAudit } from '../audit/record.ts'
import type { Database, Transaction } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { type Revised, requireRevision } from '../http/entity-tag.ts'
import type { Caller } from '../http/request-context.ts'
import { Conflict, NotFound } from '../problems.ts'
import { getUser } from './read.ts'
import { lockUser, setDisabled, setGrants } from './store.ts'

export interface NamedUser {
  /** Id or name. */
  readonly user: string
  readonly caller: Caller
  /** From `If-Match`; null takes it as it is. */
  readonly revision: string | null
  readonly nowMs: number
}

/**
 * Changes what a user may, or whether it may anything at all. Whoever is disabled is signed out everywhere, and its tokens
 * do nothing until it is enabled again. Nobody changes himself: then nobody can lock himself out.
 */
export function changeUser(db: Database, named: NamedUser, request: ChangeUser): Promise<Revised<User>> {
  const { caller, nowMs } = named
  return transact(db, async (tx) => {
    const id = await lockNamed(tx, named)
    if (id === caller.userId) throw new Conflict('nobody changes himself; another admin may, or the console')
    const { value: before } = await getUser(tx, id)
    if (request.grants !== undefined) {
      if (before.grantsFrom === 'provider')
        throw new Conflict(`what ${before.name} may is what the identity provider says at every sign-in`)
      await setGrants(tx, id, await toStored(tx, request.grants))
    }
    if (request.disabled !== undefined && request.disabled !== (before.disabledAt !== null)) {
      await setDisabled(tx, id, request.disabled ? nowMs : null)
      if (request.disabled) await endSessionsOf(tx, id)
    }
    const changed = await getUser(tx, id)
    const after = changed.value
    if (JSON.stringify(after) === JSON.stringify(before)) return changed
    const target = { kind: 'user', id }
    await recordAudit(tx, caller, { action: 'user.change', target, siteId: null, before, after }, nowMs)
    return changed
  })
}

/** Gives a user another password, and ends every session it has. A generated one is in the answer, once. */
export async function resetPassword(
  db: Database,
  named: NamedUser,
  { password }: ResetPassword,
): Promise<PasswordReset> {
  const { caller, nowMs } = named
  const plain = typeof password === 'object' ? generatePassword() : password
  const passwordHash = await hashPassword(plain)
  return transact(db, async (tx) => {
    const id = await lockNamed(tx, named)
    await setPassword(tx, id, passwordHash)
    const sessionsEnded = await endSessionsOf(tx, id)
    const target = { kind: 'user', id }
    const after = { sessionsEnded }
    const change = { action: 'user.reset-password', target, siteId: null, before: null, after } as const
    await recordAudit(tx, caller, change, nowMs)
    return plain === password ? {} : { password: plain }
  })
}

async function lockNamed(tx: Transaction, { user, revision }: NamedUser): Promise<string> {
  const locked = await lockUser(tx, user)
  if (locked === null) throw new NotFound(`there is no user ${user}`)
  await requireRevision(revision, locked.revision, () => getUser(tx, locked.id))
  return locked.id
}

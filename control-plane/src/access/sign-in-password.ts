import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { Unauthenticated } from '../problems.ts'
import { isPassword } from './passwords.ts'
import { startSession, type Visitor } from './sessions.ts'
import { findUserByName, lockEnabledUser, noteSignIn } from './store-users.ts'
import { beginTrial, endTrial } from './trials.ts'

/**
 * Exchanges a name and a password for a browser session's secret. A name nobody has, a user who is disabled and a wrong
 * password are one answer that takes one time. Throws `Unauthenticated`, or `TooManyRequests` after too many of them.
 */
export async function signInWithPassword(
  db: Database,
  given: { readonly name: string; readonly password: string },
  visitor: Visitor,
): Promise<string> {
  const name = given.name.trim().toLowerCase()
  const trial = { name, address: visitor.address }
  await beginTrial(db, trial, visitor.nowMs)
  const user = await findUserByName(db, name)
  const right = await isPassword(user?.passwordHash ?? null, given.password)
  if (user === null || !right) throw wrong()
  return transact(db, async (tx) => {
    const now = await lockEnabledUser(tx, user.id)
    // Disabled, or the password was changed, while we computed.
    if (now === null || now.passwordHash !== user.passwordHash) throw wrong()
    await endTrial(tx, trial)
    await noteSignIn(tx, user.id, visitor.nowMs)
    const actor = { id: `user:${user.id}`, name: now.name }
    return startSession(tx, { userId: user.id, actor }, 'password', visitor)
  })
}

function wrong(): Unauthenticated {
  return new Unauthenticated('that name or password is wrong')
}

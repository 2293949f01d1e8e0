import type { ChangePassword } from '@aloft/shared/api/access'
import { hashPassword, isPassword } from '../access/passwords.ts'
import { endSessionsOf, lockEnabledUser, setPassword } from '../access/store-users.ts'
import { beginTrial, endTrial } from '../access/trials.ts'
import { recordAudit } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import type { Caller } from '../http/request-context.ts'
import { Conflict, Forbidden, Invalid } from '../problems.ts'

/**
 * Changes the caller's own password. It takes the current one, under the same limits as signing in: a browser left open,
 * or a token, is not enough to take an account over. Every other session of the user ends.
 */
export async function changePassword(
  db: Database,
  caller: Caller,
  { current, new: next }: ChangePassword,
  request: { readonly nowMs: number; readonly address: string | null },
): Promise<void> {
  const { userId } = caller
  if (userId === null) throw new Conflict(`${caller.name} is no user and has no password`)
  const user = await transact(db, (tx) => lockEnabledUser(tx, userId))
  if (user === null) throw new Conflict('this user is disabled')
  if (user.passwordHash === null)
    throw new Conflict('this user signs in through the identity provider and has no password here')
  const trial = { name: user.name, address: request.address }
  await beginTrial(db, trial, request.nowMs)
  if (!(await isPassword(user.passwordHash, current))) {
    const message = 'that is not the current password'
    throw new Forbidden(message, [{ pointer: '/current', message }])
  }
  if (current === next) {
    const message = 'the new password is the current one'
    throw new Invalid(message, [{ pointer: '/new', message }])
  }
  const passwordHash = await hashPassword(next)
  await transact(db, async (tx) => {
    const now = await lockEnabledUser(tx, userId)
    if (now === null || now.passwordHash !== user.passwordHash)
      throw new Conflict('the password was changed in the meantime')
    await endTrial(tx, trial)
    await setPassword(tx, userId, passwordHash)
    const [kind, id = ''] = caller.credential.split(':')
    const sessionsEnded = await endSessionsOf(tx, userId, kind === 'session' ? id : null)
    const target = { kind: 'user', id: userId }
    const after = { sessionsEnded }
    const change = { action: 'user.change-password', target, siteId: null, before: null, after } as const
    await recordAudit(tx, caller, change, request.nowMs)
  })
}

import type { CreatedUser, CreateUser } from '@aloft/shared/api/access'
import { toStored } from '../access/grants.ts'
import { generatePassword, hashPassword } from '../access/passwords.ts'
import { recordAudit } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import type { Caller } from '../http/request-context.ts'
import { Conflict } from '../problems.ts'
import { getUser } from './read.ts'
import { insertUser } from './store.ts'

/** Makes a user. Throws `Conflict` when somebody has the name, a user who is disabled included. */
export async function createUser(
  db: Database,
  caller: Caller,
  request: CreateUser,
  nowMs: number,
): Promise<CreatedUser> {
  const { name, password } = request
  const plain = password !== null && typeof password === 'object' ? generatePassword() : password
  // Before the transaction, which then holds no lock while it is computed.
  const passwordHash = plain === null ? null : await hashPassword(plain)
  return transact(db, async (tx) => {
    const grants = await toStored(tx, request.grants)
    const row = { name, passwordHash, grants, grantsFrom: 'admin', createdAtMs: nowMs } as const
    const id = await insertUser(tx, row)
    if (id === null) throw new Conflict(`there is a user ${name} already`)
    const { value: user } = await getUser(tx, id)
    const target = { kind: 'user', id }
    const change = { action: 'user.create', target, siteId: null, before: null, after: user } as const
    await recordAudit(tx, caller, change, nowMs)
    return plain === password ? user : { ...user, password: plain ?? undefined }
  })
}

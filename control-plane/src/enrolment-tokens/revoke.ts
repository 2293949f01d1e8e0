import type { Database } from '../database/client.ts'
import { type Caller, requireScope } from '../http/request-context.ts'
import { NotFound } from '../problems.ts'
import { setRevoked } from './store.ts'

/** No node enrols with this token any more; those that did stay. Revoking again changes nothing. Throws `NotFound`. */
export async function revokeEnrolmentToken(
  { db, caller, nowMs }: { readonly db: Database; readonly caller: Caller; readonly nowMs: number },
  id: string,
): Promise<void> {
  requireScope(caller, 'write')
  if (!/^[0-9a-f-]{36}$/.test(id) || !(await setRevoked(db, id, nowMs)))
    throw new NotFound(`no enrolment token ${id}`)
}

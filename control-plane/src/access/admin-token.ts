import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { recordAudit, systemActor } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { ADMIN_EVERYWHERE } from './permissions.ts'
import { hashSecret, mintSecret, secretPrefix } from './secrets.ts'
import { insertApiToken } from './store.ts'

/**
 * Sees to it that `DATA-DIR/admin-token` (0600) holds a token the database knows: made on the first start, and made
 * known again to a database that was replaced. Returns the file's path.
 */
export async function ensureAdminToken(db: Database, dataDir: string, nowMs: number): Promise<string> {
  const file = path.join(dataDir, 'admin-token')
  if (!existsSync(file)) {
    // Written whole under another name first: a crash must not leave half a token that then counts.
    writeFileSync(`${file}.new`, `${mintSecret('api')}\n`, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  const token = readFileSync(file, 'utf8').trim()
  if (!token.startsWith('aloft_api_')) throw new Error(`${file} does not hold an API token; remove it`)
  const row = { name: 'admin', prefix: secretPrefix(token), grants: ADMIN_EVERYWHERE, createdBy: 'console' }
  await transact(db, async (tx) => {
    const id = await insertApiToken(tx, { ...row, hash: hashSecret(token), createdAtMs: nowMs })
    if (id === null) return
    const target = { kind: 'api-token', id }
    const change = { action: 'api-token.create', target, siteId: null, before: null, after: row } as const
    await recordAudit(tx, systemActor('start'), change, nowMs)
  })
  return file
}

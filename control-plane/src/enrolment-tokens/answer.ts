import type { EnrolmentToken } from '@aloft/shared/api/schemas'
import type { TokenRow } from './store.ts'

export function answerOf(row: TokenRow): EnrolmentToken {
  return {
    id: row.id,
    site: row.site,
    createdAt: new Date(row.createdAtMs).toISOString(),
    expiresAt: new Date(row.expiresAtMs).toISOString(),
    maxUses: row.maxUses,
    uses: row.uses,
  }
}

import type { Centre, CentreKeys } from '../centre-keys/centre.ts'
import { databaseAway, isConnectionLoss } from '../database/transact.ts'

/** The centre's keys; rejects with `Unavailable` while they cannot be read. */
export function keysOrAway(centre: Centre): Promise<CentreKeys> {
  return centre.keys().catch((error: unknown) => {
    throw isConnectionLoss(error) ? databaseAway(error) : error
  })
}

import type { Database } from '../database/client.ts'
import { selectFleetShare } from './store-fleet-share.ts'

/**
 * How many agents this replica should expect, whoever is connected just now. Who comes first after a restart would
 * otherwise be told the spread of a handful, and come back in a herd the next time.
 */
export interface FleetShare {
  /** Once it was counted, or could not be. */
  readonly known: Promise<void>
  agents(): number
  stop(): void
}

const COUNT_EVERY_MS = 10_000

export function watchFleetShare(db: Database): FleetShare {
  let agents = 0
  const count = async (): Promise<void> => {
    // While the database is away the last count holds.
    agents = await selectFleetShare(db).catch(() => agents)
  }
  const timer = setInterval(() => void count(), COUNT_EVERY_MS)
  return { known: count(), agents: () => agents, stop: () => clearInterval(timer) }
}

import type { Queryable } from './client.ts'
import { replicas } from './schema/index.ts'

/**
 * For a database nobody else can use (our own server, whose data directory we hold the lock of): whatever replica is
 * registered died, and its sessions with it. The next renewal of our lease ends them.
 */
export async function forgetReplicas(db: Queryable): Promise<void> {
  await db.delete(replicas)
}

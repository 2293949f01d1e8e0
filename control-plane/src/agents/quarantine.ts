import type { Transaction } from '../database/client.ts'
import { setQuarantine } from './store-sessions.ts'

/** From now on the agent is refused at the door, until it enrols again with a new token. Its VRRP goes on. */
export async function quarantine(tx: Transaction, agentId: string, reason: string): Promise<void> {
  await setQuarantine(tx, agentId, reason)
}

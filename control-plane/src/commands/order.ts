import type { CommandKind } from '@aloft/shared/protocol/commands'
import type { Transaction } from '../database/client.ts'
import { insertCommand } from './store.ts'

/** A word to an agent as part of a change that is recorded as such; sent when that is committed. */
export async function orderAgent(
  tx: Transaction,
  order: {
    readonly agentId: string
    readonly kind: CommandKind
    readonly createdBy: string
    readonly nowMs: number
    readonly ttlMs: number
  },
): Promise<void> {
  const { nowMs, ttlMs, ...command } = order
  await insertCommand(tx, { ...command, createdAtMs: nowMs, expiresAtMs: nowMs + ttlMs })
}

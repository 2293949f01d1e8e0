import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import type { Host } from './admit.ts'
import { publishPresence } from './presence.ts'
import { quarantine } from './quarantine.ts'
import { currentSession, dismissSession } from './store-identity.ts'
import { lockAgent } from './store-sessions.ts'

/** Another boot of the kernel, or another machine beside it: containers of one host share the first. */
export function isOtherHost(a: Host, b: Host): boolean {
  if (a.bootId !== b.bootId) return true
  return a.machineId !== null && b.machineId !== null && a.machineId !== b.machineId
}

/**
 * The host behind a superseded session answered a question that was asked after another host had opened a newer one: two
 * hosts live with one identity. Both are quarantined, for nobody here can tell which is the copy.
 */
export function foundRival(
  db: Database,
  older: { readonly agentId: string; readonly generation: number; readonly host: Host },
  nowMs: number,
): Promise<{ readonly code: CloseCode; readonly reason: string }> {
  return transact(db, async (tx) => {
    const agent = await lockAgent(tx, older.agentId)
    if (agent === null) return { code: CloseCode.unauthorised, reason: 'not enrolled here' }
    if (agent.quarantinedReason !== null)
      return { code: CloseCode.quarantined, reason: agent.quarantinedReason }
    const newer = await currentSession(tx, older.agentId)
    if (newer === null || newer.generation <= older.generation || !isOtherHost(newer, older.host))
      return { code: CloseCode.superseded, reason: 'a newer session of this agent took over' }
    const reason = `cloned: one identity on two hosts (${hostName(older.host)} and ${hostName(newer)})`
    await quarantine(tx, older.agentId, reason, nowMs)
    await dismissSession(tx, older.agentId, { code: CloseCode.quarantined, reason, nowMs })
    await publishPresence(tx, [older.agentId], nowMs)
    return { code: CloseCode.quarantined, reason }
  })
}

function hostName({ bootId, machineId }: Host): string {
  return `boot ${bootId.slice(0, 8)}${machineId === null ? '' : ` of machine ${machineId.slice(0, 8)}`}`
}

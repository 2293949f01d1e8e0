import type { Command, CommandResult } from '@aloft/shared/protocol/commands'
import type { Database } from '../database/client.ts'
import { isId } from '../http/list-query.ts'
import { selectDue, setOutcome, setSent } from './store.ts'

/** Who an answer comes from. */
export interface Session {
  readonly agentId: string
  readonly generation: number
}

export interface Delivery {
  readonly db: Database
  readonly nowMs: number
  readonly of: { readonly replica: string } | Session
  /** Also those this session was sent and did not answer. The agent does each once. */
  readonly again?: boolean
  /** Hands it to the agent's session, if that is here. `not-yet`: it will be looked for again. */
  readonly order: (session: Session, command: Command) => 'sent' | 'unsupported' | 'not-yet'
}

/** Enough for one look: the next takes what is left. */
const COMMANDS_PER_LOOK = 500

/**
 * Sends what waits for agents whose session is here. It is on record as sent only after it was: killed in between, the
 * next session is sent it again, and the agent does it once.
 */
export async function deliverDue({ db, nowMs, of, again = false, order }: Delivery): Promise<void> {
  for (const due of await selectDue(db, { of, nowMs, again, limit: COMMANDS_PER_LOOK })) {
    const { id, agentId, generation, kind, expiresAtMs } = due
    const session = { agentId, generation }
    const told = order(session, { kind: 'command', id, command: kind, expiresAtWallMs: expiresAtMs })
    if (told === 'sent') await setSent(db, { id, generation, nowMs })
    if (told === 'unsupported') {
      const detail = `the agent's software does not know ${kind}`
      await setOutcome(db, { id, ...session, outcome: 'unsupported', detail, nowMs })
    }
  }
}

/** What an agent says came of it. Said again, or by a session that is not the agent's newest, it changes nothing. */
export async function finishCommand(
  db: Database,
  result: CommandResult,
  { session, nowMs }: { readonly session: Session; readonly nowMs: number },
): Promise<void> {
  if (!isId(result.id)) return
  const { id, outcome, detail } = result
  await setOutcome(db, { id, ...session, outcome, detail: detail.replaceAll('\0', ''), nowMs })
}

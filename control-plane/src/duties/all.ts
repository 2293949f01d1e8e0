import { expiredCredentials } from '../access/expired-credentials.ts'
import { agentStates, replicaLeases } from '../agents/presence.ts'
import { silentSessions } from '../agents/turns.ts'
import { sumUpAvailability } from '../availability/sum-up.ts'
import { takeoversToAskAbout } from '../commands/ask-taken.ts'
import { oldCommands } from '../commands/forget.ts'
import { eventDaysAhead, eventDaysOver } from '../events/keep-days.ts'
import { forgottenKeys } from '../idempotency/forget.ts'
import { oldHistory } from '../retention/forget.ts'
import { DEFAULT_RETENTION, type Retention } from '../retention/settings.ts'
import type { Duty } from './duty.ts'

/** Every duty there is, the urgent ones first. */
export const dutiesKeeping = (keep: Retention): readonly Duty[] => [
  replicaLeases,
  agentStates,
  takeoversToAskAbout,
  silentSessions,
  eventDaysAhead(keep.eventsMs),
  sumUpAvailability,
  expiredCredentials,
  eventDaysOver(keep.eventsMs),
  oldHistory(keep),
  oldCommands,
  forgottenKeys,
]

export const ALL_DUTIES = dutiesKeeping(DEFAULT_RETENTION)

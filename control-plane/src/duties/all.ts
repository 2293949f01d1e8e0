import { expiredCredentials } from '../access/expired-credentials.ts'
import { agentStates, replicaLeases } from '../agents/presence.ts'
import { silentSessions } from '../agents/turns.ts'
import { sumUpAvailability } from '../availability/sum-up.ts'
import { oldCommands } from '../commands/forget.ts'
import { eventDaysAhead, eventDaysOver } from '../events/keep-days.ts'
import { forgottenKeys } from '../idempotency/forget.ts'
import type { Duty } from './duty.ts'

/** Every duty there is, the urgent ones first. */
export const ALL_DUTIES: readonly Duty[] = [
  replicaLeases,
  agentStates,
  silentSessions,
  eventDaysAhead,
  sumUpAvailability,
  expiredCredentials,
  eventDaysOver,
  oldCommands,
  forgottenKeys,
]

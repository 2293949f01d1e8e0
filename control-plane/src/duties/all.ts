import { expiredCredentials } from '../access/expired-credentials.ts'
import { replicaLeases } from '../agents/presence.ts'
import type { Duty } from './duty.ts'

/** Every duty there is, the urgent ones first. */
export const ALL_DUTIES: readonly Duty[] = [replicaLeases, expiredCredentials]

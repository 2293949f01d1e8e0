/** What did the last router of this state directory leave, and what follows from it? Read before anything is written. */
import { readHeartbeat } from './heartbeat.ts'
import { decideResume, type ResumeAnswer, type ResumeQuestion } from './resume-decision.ts'
import { readRoles } from './roles-file.ts'
import type { StatePaths } from './state-directory.ts'

export function readInheritance(
  paths: StatePaths,
  now: Omit<ResumeQuestion, 'left' | 'heartbeat'>,
): ResumeAnswer {
  return decideResume({
    ...now,
    left: readRoles(paths.routerState),
    heartbeat: readHeartbeat(paths.routerAlive),
  })
}

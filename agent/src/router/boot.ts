/** What did the last router of this state directory leave, and what follows from it? Read before anything is written. */
import type { Clock } from '../world/router-world.ts'
import { readHeartbeat } from './heartbeat.ts'
import { decideResume, type ResumeAnswer } from './resume-decision.ts'
import { readRoles } from './roles-file.ts'
import { loadRunningConfig, type RunningConfig } from './running-config.ts'
import type { StatePaths } from './state-directory.ts'

export interface Boot {
  readonly running: RunningConfig | null
  readonly inheritance: ResumeAnswer
}

export function readBoot(paths: StatePaths, { bootId, clock }: { bootId: string; clock: Clock }): Boot {
  const running = loadRunningConfig(paths.runningConfig)
  const inheritance = decideResume({
    left: readRoles(paths.routerState),
    heartbeat: readHeartbeat(paths.routerAlive),
    bootId,
    nowMs: clock.now(),
    routers: running?.config.virtualRouters ?? [],
  })
  return { running, inheritance }
}

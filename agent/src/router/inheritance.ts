/** What did the last router of this state directory leave, and what follows from it? Read before anything is written. */
import { readHeartbeat } from './heartbeat.ts'
import { type HandedRouter, holdsAddresses } from './loop/handed-over.ts'
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

/** The predecessor has handed over, and only `adopted` is gone on with: what else is held, nobody may hold now. */
export function afterHandOver(
  adopted: readonly HandedRouter[],
  { held }: Pick<ResumeQuestion, 'held'>,
): ResumeAnswer {
  const kept = new Set(
    adopted.filter(holdsAddresses).flatMap(({ config }) => config.addresses.map(({ address }) => address)),
  )
  const release = held.map(({ interfaceName, addresses }) => ({
    interfaceName,
    addresses: addresses.filter(({ address }) => !kept.has(address)),
  }))
  return { resume: [], release: release.filter(({ addresses }) => addresses.length > 0) }
}

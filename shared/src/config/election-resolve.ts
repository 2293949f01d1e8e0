import { parseDuration } from '../time/duration.ts'
import type { ElectionSettings, StartupSettings } from './election-config.ts'
import type { AgentDocument, VirtualRouterDocument } from './schema.ts'

export function resolveElection(document: VirtualRouterDocument): ElectionSettings {
  return {
    missedAdvertisements: document.missedAdvertisements,
    answerLowerPriority: document.answerLowerPriority ?? !document.strict,
    speakBeforeYielding: document.speakBeforeYielding ?? !document.strict,
    ownerIgnoresAdvertisements: document.ownerIgnoresAdvertisements,
    compareAddressLists: document.compareAddressLists,
    yieldAfterStall: document.yieldAfterStall ?? null,
    strict: document.strict,
  }
}

export function resolveStartup({ startupDelay }: AgentDocument): StartupSettings {
  const isAfterStart = typeof startupDelay === 'string'
  return {
    startupDelay: {
      afterStartMs: isAfterStart ? (parseDuration(startupDelay) ?? 0) : 0,
      afterBootMs: isAfterStart ? 0 : (parseDuration(startupDelay.afterBoot) ?? 0),
    },
  }
}

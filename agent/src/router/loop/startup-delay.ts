import type { AgentSettings } from '@aloft/shared/config/agent-config'

/** When virtual routers may begin, in the first configuration of a process. */
export function startOf({ startupDelay }: AgentSettings, now: number): number {
  // The monotonic clock counts from the start of the host.
  return Math.max(now + startupDelay.afterStartMs, startupDelay.afterBootMs)
}

/** How long a backup waits (RFC 9568 §6.1, RFC 3768 §6.1), in milliseconds of its own clock. */
import { LINGER_MS } from '@aloft/agent/vrrp/departure'
import type { TransitionBody } from '@aloft/shared/protocol/events'
import { configOf, type Member } from './members.ts'

/** For frames on their way and peers that are a little late, after the longest Skew_Time there can be; never longer than that. */
const MARGIN_MS = 100
const HELD_MAX_MS = 5_000

export function skewMs(member: Member, intervalMs: number): number {
  const { version, priority } = configOf(member)
  return ((256 - priority) * (version === 2 ? 1000 : intervalMs)) / 256
}

/** For the silence of an active with that interval, which v2 does not learn. */
export function activeDownMs(member: Member, advertisedMs: number): number {
  const { version, advertisementIntervalMs } = configOf(member)
  const intervalMs = version === 2 ? advertisementIntervalMs : advertisedMs
  return 3 * intervalMs + skewMs(member, intervalMs)
}

/**
 * How long a router may hold its addresses when it is no longer active (decision 0018): who yields lingers, who resigns
 * waits for a successor; who goes on as a backup, or is replaced in the configuration, until it might be active again itself.
 */
export function holdingLimitMs(member: Member, { reason, to }: TransitionBody): number {
  if (reason === 'higher-priority-backup') return LINGER_MS
  const { version, advertisementIntervalMs: intervalMs } = configOf(member)
  if (to === 'backup' || reason === 'configuration') return activeDownMs(member, intervalMs) + MARGIN_MS
  return Math.min((version === 2 ? 1_000 : intervalMs) + MARGIN_MS, HELD_MAX_MS)
}

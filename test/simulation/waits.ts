/** How long a backup waits (RFC 9568 §6.1, RFC 3768 §6.1), in milliseconds of its own clock. */
import { configOf, type Member } from './members.ts'

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

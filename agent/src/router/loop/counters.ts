/** What the loop counts, per virtual router and per interface. */
import type { Decoded } from '../../vrrp/advertisement.ts'

export interface RouterCounters {
  readonly advertisementsSent: number
  readonly advertisementsReceived: number
  readonly sendErrors: number
  readonly becameActive: number
  readonly checksumWithPseudoHeader: number
  readonly checksumMessageOnly: number
}

export interface DiscardTotal {
  readonly interface: string
  readonly reason: string
  readonly count: number
}

/** An accepted advertisement, and in which form its checksum was right. */
export function countReceived(
  counters: { -readonly [K in keyof RouterCounters]: RouterCounters[K] },
  { checksum }: Decoded,
): void {
  counters.advertisementsReceived++
  if (checksum === 'pseudo-header') counters.checksumWithPseudoHeader++
  else counters.checksumMessageOnly++
}

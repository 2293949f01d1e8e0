/** What the loop counts, per virtual router and per interface. */
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

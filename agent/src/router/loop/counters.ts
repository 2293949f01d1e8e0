/** What the loop counts, per virtual router and per interface. */
export interface RouterCounters {
  readonly advertisementsSent: number
  readonly advertisementsReceived: number
  readonly sendErrors: number
  readonly becameActive: number
  readonly checksumWithPseudoHeader: number
  readonly checksumMessageOnly: number
  /** RFC 9568 erratum 8300: accepted all the same, as keepalived does. */
  readonly firstAddressNotLinkLocal: number
}

export interface DiscardTotal {
  readonly interface: string
  readonly reason: string
  readonly count: number
}

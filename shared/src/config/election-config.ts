/** How a virtual router is elected, beyond priority and preemption (keepalived-and-vrrp.md §1.5, §2.12). */
export interface ElectionSettings {
  /** After so many missed advertisements, and the skew, a backup takes over. RFC 9568 §6.1 says 3. */
  readonly missedAdvertisements: number
  /** Whether an active answers a lower-priority advertisement with its own at once (RFC 9568 §6.4.3; RFC 5798 did not). */
  readonly answerLowerPriority: boolean
  /** Whether an active says who it was before it yields to a better one, so that this one knows that there were two. */
  readonly speakBeforeYielding: boolean
  /** Whether the owner of the addresses discards what others advertise (RFC 9568 §7.1 as published; erratum 8298: no). */
  readonly ownerIgnoresAdvertisements: boolean
  /** Whether the addresses in an advertisement are compared with ours, and a difference reported. Never a reason to discard. */
  readonly compareAddressLists: boolean
  /**
   * Without preemption: the best priority among the others. An active that was not running for longer than they wait
   * goes back to backup, since another one may be active now. Null: it stays active unless it is outranked.
   */
  readonly yieldAfterStall: number | null
  /** Nothing but what the RFC has. */
  readonly strict: boolean
}

export const ELECTION_DEFAULTS: ElectionSettings = {
  missedAdvertisements: 3,
  answerLowerPriority: true,
  speakBeforeYielding: true,
  ownerIgnoresAdvertisements: false,
  compareAddressLists: true,
  yieldAfterStall: null,
  strict: false,
}

/** When the virtual routers of an agent begin to take part: so long after the process started, and after the host did. */
export interface StartupSettings {
  readonly startupDelay: { readonly afterStartMs: number; readonly afterBootMs: number }
}

export const STARTUP_DEFAULTS: StartupSettings = { startupDelay: { afterStartMs: 0, afterBootMs: 0 } }

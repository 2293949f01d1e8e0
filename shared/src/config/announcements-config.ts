/** How a router that holds addresses tells the LAN where they are: gratuitous ARP, unsolicited neighbour advertisements. */

/** Of one virtual router. */
export interface AnnouncementSettings {
  /** How often each address is told when the router became active, and again after `delayMs`. */
  readonly repeat: number
  /** From becoming active to the second burst; 0: there is none. */
  readonly delayMs: number
  /** Between announcements while it stays active; 0: none. */
  readonly refreshMs: number
  readonly refreshRepeat: number
  /** How often each address is told when a router that loses against ours is heard as active; 0: not at all. */
  readonly lowerPriorityRepeat: number
  /** From then to the same number once more; 0: no second burst. */
  readonly lowerPriorityDelayMs: number
  /** Further interfaces that hear every announcement. */
  readonly alsoOn: readonly string[]
  /** Between announcements on those alone while it stays active; 0: none. */
  readonly alsoOnIntervalMs: number
}

/** Shortest time between two announcements; 0: as fast as they can be sent. The first of each address never waits. */
export interface AnnouncementPace {
  readonly arpIntervalMs: number
  readonly neighborAdvertisementIntervalMs: number
}

/** Interfaces that share one pace, for networks where they end in the same slow place. */
export interface AnnouncementGroup extends AnnouncementPace {
  readonly interfaces: readonly string[]
}

/** keepalived's defaults, which are what networks were tuned to. */
export const ANNOUNCEMENT_DEFAULTS: AnnouncementSettings = {
  repeat: 5,
  delayMs: 5_000,
  refreshMs: 0,
  refreshRepeat: 1,
  lowerPriorityRepeat: 5,
  lowerPriorityDelayMs: 5_000,
  alsoOn: [],
  alsoOnIntervalMs: 0,
}

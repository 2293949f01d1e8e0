/** What is watched besides the network, and what a virtual router makes of it. Resolved: no default left open. */
import type { AnnouncementPace } from './announcements-config.ts'

/** What a virtual router can follow. */
export type TrackedKind = 'interface' | 'script' | 'file' | 'process' | 'bfd'

/**
 * One line of `track:`. Weight 0: the router is in fault while the tracker fails. Above 0: that much is added to its
 * priority while the tracker is well; below: taken away while it fails. `reverse` exchanges well and failing.
 * A file's number is multiplied by the weight instead.
 */
export interface TrackReference {
  readonly kind: TrackedKind
  readonly name: string
  readonly weight: number
  readonly reverse: boolean
}

export interface ScriptTracker {
  readonly name: string
  /** Program and arguments; no shell. */
  readonly command: readonly string[]
  readonly intervalMs: number
  /** The whole process group is asked to end then, and killed two seconds later. */
  readonly timeoutMs: number
  /** How many results in a row change what is held for true. */
  readonly rise: number
  readonly fall: number
  /** Until the first result: not known, or held for failed. */
  readonly initially: 'unknown' | 'failed'
  /** Null: the agent's own. */
  readonly user: string | null
  /** Null: the user's own. */
  readonly group: string | null
  /** Whether the user's other groups are taken on as well. */
  readonly supplementaryGroups: boolean
}

export interface FileTracker {
  readonly name: string
  readonly path: string
  /** Written where no such file is yet, or at every start when `overwrite`; null: never. */
  readonly initial: { readonly value: number; readonly overwrite: boolean } | null
}

export interface ProcessTracker {
  readonly name: string
  /** The kernel's name of it (15 bytes of comm), or with `fullCommand` the first word of its command line. */
  readonly command: string
  /** Null: whatever they are. */
  readonly arguments: readonly string[] | null
  /** How `arguments` are compared: all of them, the first of them, or the last of these by its beginning only. */
  readonly match: 'exact' | 'initial' | 'partial'
  readonly fullCommand: boolean
  readonly quorum: number
  /** More than so many is a failure too; null: any number is well. */
  readonly quorumMax: number | null
  /** How long a quorum must stand before it counts. */
  readonly forkDelayMs: number
  /** How long its absence must last before it counts. */
  readonly terminateDelayMs: number
}

export interface TrackerSettings {
  readonly scripts: readonly ScriptTracker[]
  readonly files: readonly FileTracker[]
  readonly processes: readonly ProcessTracker[]
}

/** How long a change of a link's state must last before it counts. */
export interface LinkDelays {
  readonly upDelayMs: number
  readonly downDelayMs: number
}

/** Part of what `interfaces:` says of one network interface. */
export interface InterfaceSettings extends LinkDelays, AnnouncementPace {
  readonly name: string
}

export interface TrackingSettings {
  readonly trackers: TrackerSettings
  readonly interfaces: readonly InterfaceSettings[]
}

export interface RouterTrackingSettings {
  readonly track: readonly TrackReference[]
  /** Whether the router is in fault while its own interface is down. */
  readonly trackPrimary: boolean
}

export const INTERFACE_DEFAULTS: Omit<InterfaceSettings, 'name'> = {
  upDelayMs: 0,
  downDelayMs: 0,
  arpIntervalMs: 0,
  neighborAdvertisementIntervalMs: 0,
}

export const TRACKING_DEFAULTS: TrackingSettings = {
  trackers: { scripts: [], files: [], processes: [] },
  interfaces: [],
}

export const ROUTER_TRACKING_DEFAULTS: RouterTrackingSettings = { track: [], trackPrimary: true }

import type { NotifySettings } from './notify-config.ts'
import type { TrackReference } from './tracking-config.ts'

/** Virtual routers that are active together or not at all (keepalived-and-vrrp.md §1.8). */
export interface SyncGroup {
  readonly name: string
  /** Names of virtual routers; one written with both families stands for both. */
  readonly members: readonly string[]
  /** What every member tracks besides its own. */
  readonly track: readonly TrackReference[]
  /** Whether members may have weighted trackers, so that their priorities move. */
  readonly trackWeights: boolean
  readonly notify: NotifySettings
}

export interface SyncGroupSettings {
  readonly syncGroups: readonly SyncGroup[]
}

export const SYNC_GROUP_DEFAULTS: SyncGroupSettings = { syncGroups: [] }

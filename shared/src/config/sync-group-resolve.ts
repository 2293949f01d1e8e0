import type { VirtualRouterConfig } from './agent-config.ts'
import { resolveNotify } from './notify-schema.ts'
import type { SyncGroup, SyncGroupSettings } from './sync-group-config.ts'
import type { SyncGroupDocument } from './sync-group-schema.ts'
import type { TrackReference } from './tracking-config.ts'
import { resolveTrack, type TrackerDefaults } from './tracking-resolve.ts'

export function resolveSyncGroups(
  groups: readonly SyncGroupDocument[],
  trackers: TrackerDefaults,
): SyncGroupSettings {
  return {
    syncGroups: groups.map((group) => ({
      ...group,
      track: resolveTrack(group.track, trackers),
      notify: resolveNotify(group.notify),
    })),
  }
}

/** A member tracks what its group tracks as well, and ignores weights unless the group wants them. */
export function asMember(router: VirtualRouterConfig, groups: readonly SyncGroup[]): VirtualRouterConfig {
  const group = groups.find(({ members }) => members.includes(router.name))
  if (group === undefined) return router
  const own = router.track.filter((line) => !group.track.some((other) => isSameTracker(line, other)))
  const track = [...own, ...group.track].filter(({ weight }) => group.trackWeights || weight === 0)
  return { ...router, track }
}

function isSameTracker(left: TrackReference, right: TrackReference): boolean {
  return left.kind === right.kind && left.name === right.name
}

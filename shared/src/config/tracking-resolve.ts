import { parseDuration } from '../time/duration.ts'
import { resolvePace } from './announcements-schema.ts'
import type {
  InterfaceSettings,
  RouterTrackingSettings,
  TrackedKind,
  TrackerSettings,
  TrackingSettings,
  TrackReference,
} from './tracking-config.ts'
import type { InterfaceDocument, TrackDocument, TrackersDocument } from './tracking-schema.ts'

/** What a line of `track` takes over where it says nothing itself. */
export type TrackerDefaults = ReadonlyMap<string, { readonly weight: number; readonly reverse: boolean }>

interface Written {
  readonly trackers: TrackersDocument
  readonly interfaces: readonly InterfaceDocument[]
}

export function resolveTracking({ trackers, interfaces }: Written): TrackingSettings {
  return { trackers: resolveTrackers(trackers), interfaces: interfaces.map(resolveInterface) }
}

function resolveTrackers({ scripts, files, processes }: TrackersDocument): TrackerSettings {
  return {
    scripts: scripts.map(({ interval, timeout, user, group, weight: _, reverse: __, ...script }) => ({
      ...script,
      intervalMs: durationMs(interval),
      timeoutMs: durationMs(timeout ?? interval),
      user: user ?? null,
      group: group ?? null,
    })),
    files: files.map(({ name, path, initial }) => ({ name, path, initial: initial ?? null })),
    processes: processes.map(({ delay, forkDelay, terminateDelay, weight: _, reverse: __, ...each }) => ({
      ...each,
      arguments: each.arguments ?? null,
      quorumMax: each.quorumMax ?? null,
      forkDelayMs: durationMs(forkDelay ?? delay),
      terminateDelayMs: durationMs(terminateDelay ?? delay),
    })),
  }
}

function resolveInterface(document: InterfaceDocument): InterfaceSettings {
  const { name, upDelay, downDelay } = document
  return {
    name,
    upDelayMs: durationMs(upDelay),
    downDelayMs: durationMs(downDelay),
    ...resolvePace(document),
  }
}

/** Keyed by `KIND NAME`. */
export function trackerDefaults({ scripts, files, processes }: TrackersDocument): TrackerDefaults {
  return new Map<string, { readonly weight: number; readonly reverse: boolean }>([
    ...scripts.map((each) => [`script ${each.name}`, each] as const),
    ...files.map((each) => [`file ${each.name}`, each] as const),
    ...processes.map((each) => [`process ${each.name}`, each] as const),
  ])
}

export function resolveRouterTracking(
  { track, trackPrimary }: { readonly track: TrackDocument; readonly trackPrimary: boolean },
  defaults: TrackerDefaults,
): RouterTrackingSettings {
  return { track: resolveTrack(track, defaults), trackPrimary }
}

export function resolveTrack(track: TrackDocument, defaults: TrackerDefaults): TrackReference[] {
  return track.map((line) => {
    const { kind, name } = tracked(line)
    const own = defaults.get(`${kind} ${name}`)
    return {
      kind,
      name,
      weight: line.weight ?? own?.weight ?? 0,
      reverse: line.reverse ?? own?.reverse ?? false,
    }
  })
}

/** What a line of `track` is about. */
export function tracked(line: TrackDocument[number]): { readonly kind: TrackedKind; readonly name: string } {
  const kinds: readonly TrackedKind[] = ['interface', 'script', 'file', 'process', 'bfd']
  for (const kind of kinds) {
    const name = line[kind]
    if (name !== undefined) return { kind, name }
  }
  throw new RangeError('the schema let a line of track through that names nothing')
}

function durationMs(written: string): number {
  const ms = parseDuration(written)
  if (ms === null) throw new RangeError(`the schema let a bad duration through: ${written}`)
  return ms
}

/** What virtual routers follow, as figures: one series for each tracker that is watched. */
import type { Figure, Sample } from '@aloft/shared/metrics/exposition'
import type { TrackerStatus } from './tracker-keeper.ts'

export function trackerFigures(trackers: readonly TrackerStatus[]): readonly Figure[] {
  if (trackers.length === 0) return []
  const each = (value: (tracker: TrackerStatus) => number | null): Sample[] =>
    trackers.flatMap((tracker) => {
      const found = value(tracker)
      return found === null ? [] : [{ labels: { kind: tracker.kind, name: tracker.name }, value: found }]
    })
  const figure = (name: string, help: string, type: Figure['type'], samples: readonly Sample[]): Figure => ({
    ...{ name, help, type, samples },
  })
  return [
    figure(
      'aloft_tracker_up',
      'Whether the tracker is held for well.',
      'gauge',
      each(({ state }) => Number(state === 'up')),
    ),
    figure(
      'aloft_tracker_known',
      'Whether the tracker has reported.',
      'gauge',
      each(({ state }) => Number(state !== 'unknown')),
    ),
    figure(
      'aloft_tracker_value',
      'The number in a tracked file.',
      'gauge',
      each(({ value }) => value),
    ),
    figure(
      'aloft_tracker_runs_total',
      'Runs and looks since the steward started.',
      'counter',
      each(({ runs }) => runs),
    ),
    figure(
      'aloft_tracker_last_duration_seconds',
      'How long the last run of a script took.',
      'gauge',
      each(({ durationMs }) => (durationMs === null ? null : durationMs / 1_000)),
    ),
  ]
}

import { formatMetrics } from '@aloft/shared/metrics/exposition'
import { expect, it } from 'vitest'
import { trackerFigures } from './tracker-figures.ts'
import type { TrackerStatus } from './tracker-keeper.ts'

const seen = { why: '', output: null, lastRunWallMs: 0, runs: 3, sinceWallMs: 0 }
const trackers: readonly TrackerStatus[] = [
  { kind: 'script', name: 'haproxy', state: 'up', value: null, durationMs: 12, ...seen },
  { kind: 'file', name: 'drain', state: 'unknown', value: null, durationMs: null, ...seen },
  { kind: 'file', name: 'level', state: 'up', value: -20, durationMs: null, ...seen },
]

it('gives one series for each tracker, and no value for what has none', () => {
  const lines = formatMetrics(trackerFigures(trackers))
    .split('\n')
    .filter((line) => !line.startsWith('#'))
  expect(lines).toEqual([
    'aloft_tracker_up{kind="script",name="haproxy"} 1',
    'aloft_tracker_up{kind="file",name="drain"} 0',
    'aloft_tracker_up{kind="file",name="level"} 1',
    'aloft_tracker_known{kind="script",name="haproxy"} 1',
    'aloft_tracker_known{kind="file",name="drain"} 0',
    'aloft_tracker_known{kind="file",name="level"} 1',
    'aloft_tracker_value{kind="file",name="level"} -20',
    'aloft_tracker_runs_total{kind="script",name="haproxy"} 3',
    'aloft_tracker_runs_total{kind="file",name="drain"} 3',
    'aloft_tracker_runs_total{kind="file",name="level"} 3',
    'aloft_tracker_last_duration_seconds{kind="script",name="haproxy"} 0.012',
    '',
  ])
})

it('says nothing where nothing is followed', () => {
  expect(trackerFigures([])).toEqual([])
})

import { expect, it } from 'vitest'
import type { RouterStatus } from '../router/contract.ts'
import type { TrackerStatus } from '../steward/trackers/tracker-keeper.ts'
import { trackerLines } from './tracker-text.ts'

const NOW = 1_700_000_000_000
const ago = (wallMs: number) => `${(NOW - wallMs) / 1000}s`
const script: TrackerStatus = {
  ...{
    kind: 'script',
    name: 'haproxy',
    state: 'down',
    value: null,
    why: 'exit status 1',
    output: 'no\nluck',
  },
  ...{ lastRunWallMs: NOW - 1000, durationMs: 12.4, runs: 7, sinceWallMs: NOW - 60_000 },
}
const drain: TrackerStatus = {
  ...{ kind: 'file', name: 'drain', state: 'up', value: -20, why: 'says -20', output: null },
  ...{ lastRunWallMs: NOW - 5000, durationMs: null, runs: 2, sinceWallMs: NOW - 5000 },
}
// `as`: only what is followed matters here.
const router = {
  virtualRouters: [
    {
      virtualRouter: 'web',
      tracking: [
        {
          tracker: 'script haproxy',
          state: 'down',
          weight: 0,
          reverse: false,
          points: 0,
          fault: 'script haproxy failed',
        },
        { tracker: 'file drain', state: 'up', weight: 1, reverse: true, points: 20, fault: null },
        { tracker: 'interface eth1', state: 'up', weight: -5, reverse: false, points: 0, fault: null },
      ],
    },
  ],
} as unknown as RouterStatus

it('shows each tracker, what a failing one wrote, and what each does to whom', () => {
  expect(trackerLines({ trackers: [script, drain], router, ago })).toEqual([
    'tracker         state   for  last run  took   why',
    'script haproxy  ✕ down  60s  1s ago    12 ms  exit status 1',
    'file drain      ● -20   5s   5s ago    –      says -20',
    'script haproxy wrote: no / luck',
    'web follows script haproxy, weight 0, down: ✕ in fault',
    'web follows file drain, weight 1, reversed, up: +20',
    'web follows interface eth1, weight -5, up',
  ])
})

it('shows nothing where nothing is followed', () => {
  expect(trackerLines({ trackers: [], router: null, ago })).toEqual([])
})

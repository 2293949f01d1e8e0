/** What is followed, as people read it: each tracker once, then what it does to whom. */
import type { RouterStatus } from '../router/contract.ts'
import type { TrackerStatus } from '../steward/trackers/tracker-keeper.ts'
import type { Effect } from '../tracking/standing.ts'
import type { VerdictState } from '../tracking/verdict.ts'
import { formatTable } from './table.ts'

const SYMBOL: Readonly<Record<VerdictState, string>> = { up: '●', down: '✕', unknown: '?' }

export interface TrackerTextOptions {
  readonly trackers: readonly TrackerStatus[]
  readonly router: RouterStatus | null
  /** How long ago something was, in words. */
  readonly ago: (wallMs: number) => string
}

/** Empty where nothing is followed. */
export function trackerLines({ trackers, router, ago }: TrackerTextOptions): string[] {
  const rows = trackers.map((each) => [
    `${each.kind} ${each.name}`,
    `${SYMBOL[each.state]} ${each.value ?? each.state}`,
    ago(each.sinceWallMs),
    each.lastRunWallMs === null ? '–' : `${ago(each.lastRunWallMs)} ago`,
    each.durationMs === null ? '–' : `${Math.round(each.durationMs)} ms`,
    each.why,
  ])
  const table = rows.length === 0 ? [] : formatTable(HEADER, rows).split('\n')
  const effects = (router?.virtualRouters ?? []).flatMap(({ virtualRouter, tracking = [] }) =>
    tracking.map((effect) => `${virtualRouter} follows ${effectText(effect)}`),
  )
  return [...table, ...outputs(trackers), ...effects]
}

const HEADER = ['tracker', 'state', 'for', 'last run', 'took', 'why']

function effectText({ tracker, state, weight, reverse, points, fault }: Effect): string {
  const how = `${tracker}, weight ${weight}${reverse ? ', reversed' : ''}, ${state}`
  if (fault !== null) return `${how}: ✕ in fault`
  return points === 0 ? how : `${how}: ${points > 0 ? '+' : ''}${points}`
}

function outputs(trackers: readonly TrackerStatus[]): string[] {
  return trackers
    .filter(({ state, output }) => state === 'down' && output !== null)
    .map(({ kind, name, output }) => `${kind} ${name} wrote: ${output?.replaceAll('\n', ' / ')}`)
}

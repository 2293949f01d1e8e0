/** Which of the names that are there somebody may have meant. */
import { editDistance } from '@aloft/shared/config/nearest'

const SHOWN_MAX = 3
/** Half a name that is common to two tells nothing. */
const BEGINNING_MIN = 3

/** What a thing may be called, and what it is shown as. */
export type Name = readonly [called: string, shown: string]

/**
 * The nearest of the names as they are shown, of several that are equally near at most three, in order; none when all
 * are too far. A beginning counts as near, for tables are cut and ids are long.
 */
export function nearest(wanted: string, names: Iterable<Name>): readonly string[] {
  const given = wanted.toLowerCase()
  const near = [...names]
    .map(([called, shown]) => ({ called, shown, far: distance(given, called.toLowerCase()) }))
    .filter(({ called, far }) => far <= allowed(Math.max(given.length, called.length)))
  const least = Math.min(...near.map(({ far }) => far))
  const best = new Set(near.filter(({ far }) => far === least).map(({ shown }) => shown))
  return [...best].sort().slice(0, SHOWN_MAX)
}

/** `; did you mean north or south?`, or nothing. */
export function didYouMean(wanted: string, names: Iterable<Name>): string {
  const found = nearest(wanted, names)
  const last = found.at(-1)
  if (last === undefined) return ''
  return `; did you mean ${[found.slice(0, -1).join(', '), last].filter((part) => part !== '').join(' or ')}?`
}

/** One slip in a short name, more in a long one. */
function allowed(length: number): number {
  return length <= 2 ? 0 : Math.min(3, Math.ceil(length / 4))
}

/** How many slips apart. */
function distance(given: string, name: string): number {
  const isBeginning = given.length >= BEGINNING_MIN && given !== name && name.startsWith(given)
  return isBeginning ? 1 : editDistance(given, name)
}

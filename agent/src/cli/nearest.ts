/** Which of the names that are there somebody may have meant. */

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

/** How many slips apart: a letter more, less, other, or two in the wrong order. */
function distance(given: string, name: string): number {
  if (given.length >= BEGINNING_MIN && name.startsWith(given)) return name === given ? 0 : 1
  // Three rows of the table: two letters in the wrong order look two back.
  let before: number[] = []
  let last = Array.from({ length: name.length + 1 }, (_, i) => i)
  for (let i = 1; i <= given.length; i++) {
    const row = [i]
    for (let j = 1; j <= name.length; j++) {
      const isSame = given[i - 1] === name[j - 1]
      const isSwapped = i > 1 && j > 1 && given[i - 1] === name[j - 2] && given[i - 2] === name[j - 1]
      row[j] = Math.min(
        (row[j - 1] ?? 0) + 1,
        (last[j] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    before = last
    last = row
  }
  return last[name.length] ?? 0
}

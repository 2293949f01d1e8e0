/** Is this process one of those that must run, and do enough of them run? keepalived-and-vrrp.md §1.9. */
import type { ProcessTracker } from '@aloft/shared/config/tracking-config'

export interface ProcessImage {
  /** `/proc/PID/comm`, without the newline. */
  readonly comm: string
  /** The words of `/proc/PID/cmdline`. */
  readonly words: readonly string[]
}

/** The kernel keeps 15 bytes of a name. */
const COMM_BYTES = 15

export function isMatch(tracker: ProcessTracker, { comm, words }: ProcessImage): boolean {
  const { command, fullCommand, arguments: wanted, match } = tracker
  const isNamed = fullCommand ? words[0] === command : comm === firstBytes(command, COMM_BYTES)
  if (!isNamed || wanted === null) return isNamed
  const given = words.slice(1)
  if (match === 'exact' && given.length !== wanted.length) return false
  return wanted.every((word, i) => {
    const isCut = match === 'partial' && i === wanted.length - 1
    return isCut ? (given[i]?.startsWith(word) ?? false) : given[i] === word
  })
}

function firstBytes(text: string, count: number): string {
  let bytes = 0
  let kept = ''
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    if (bytes > count) return kept
    kept += character
  }
  return kept
}

/** Whether so many are enough, and not too many. */
export function isQuorum({ quorum, quorumMax }: ProcessTracker, running: number): boolean {
  return running >= quorum && (quorumMax === null || running <= quorumMax)
}

export interface Watched {
  /** What counts; null until the first look. */
  readonly up: boolean | null
  /** When what is seen will count; null: it does, or nothing else is seen. */
  readonly settlesAt: number | null
}

/** A change counts once it has lasted; the first look counts at once. */
export function watchQuorum(
  tracker: ProcessTracker,
  before: Watched,
  { seen, now }: { readonly seen: boolean; readonly now: number },
): Watched {
  if (before.up === null || seen === before.up) return { up: seen, settlesAt: null }
  const delayMs = seen ? tracker.forkDelayMs : tracker.terminateDelayMs
  const settlesAt = before.settlesAt ?? now + delayMs
  return now >= settlesAt ? { up: seen, settlesAt: null } : { up: before.up, settlesAt }
}

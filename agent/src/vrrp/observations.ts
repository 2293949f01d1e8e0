/**
 * What an accepted advertisement shows of the LAN, beyond what the election makes of it: things that are not as they
 * should be, each with what was seen. RFC 9568 §7.1 wants some of them logged; the rest is what people look for after
 * a split brain.
 */
import type { Address } from '@aloft/shared/network/address'
import type { LanBody, LanFinding } from '@aloft/shared/protocol/events'
import { isOutrankedBy } from './machine.ts'
import {
  type Advertisement,
  type Milliseconds,
  OWNER,
  type Parameters,
  RESIGN,
  type State,
} from './virtual-router.ts'

export interface Sighting {
  readonly finding: LanFinding
  readonly evidence: LanBody['evidence']
}

/** What was heard before, as far as it takes to see a pattern. */
export interface SightMemory {
  /** The losing active heard last while being active: how often without a pause. */
  readonly rival: { readonly source: Address; readonly count: number; readonly at: Milliseconds } | null
  /** As a backup: who was heard last, and how often that changed lately. */
  readonly heard: {
    readonly source: Address
    readonly changes: number
    readonly since: Milliseconds
  } | null
  /** The sender whose addresses were compared last, for those who want that once a sender only. */
  readonly compared: Address | null
}

export const NOTHING_SEEN: SightMemory = { rival: null, heard: null, compared: null }

export interface Sight {
  readonly parameters: Parameters
  readonly state: State
  readonly roleSince: Milliseconds
  readonly source: Address
  readonly advertisement: Advertisement
}

/** So many losing advertisements in a row, each of which was answered, mean that the answers do not arrive. */
const UNHEARD = 3
/** A takeover shows three: who yields has the last word, and is answered. Two that both go on show more. */
const CHANGES = 5
/** What is further apart than this, in intervals, does not belong together. */
const TOGETHER_INTERVALS = 4
const APART_INTERVALS = 0.5

const NONE: readonly Sighting[] = []

/** What this advertisement shows; `memory` is the same object when there is nothing new to remember. */
export function observe(
  memory: SightMemory,
  sight: Sight,
  now: Milliseconds,
): { readonly memory: SightMemory; readonly sightings: readonly Sighting[] } {
  const { advertisement, state } = sight
  // Who resigns is active no more, and says nothing of how it is configured.
  if (advertisement.priority === RESIGN) return { memory, sightings: NONE }
  const found = configuration(memory, sight)
  const compared = memory.compared === sight.source ? memory : { ...memory, compared: sight.source }
  if (state.role === 'active') return besideActive(compared, sight, { found, now })
  return state.role === 'backup'
    ? besideBackup(compared, sight, { found, now })
    : { memory: compared, sightings: found }
}

function configuration(memory: SightMemory, { parameters, source, advertisement }: Sight): Sighting[] {
  const { config } = parameters
  const found: Sighting[] = []
  const { priority, intervalMs } = advertisement
  if (config.version === 3 && intervalMs !== config.advertisementIntervalMs)
    found.push({
      finding: 'interval',
      evidence: { priority, ours: config.advertisementIntervalMs, theirs: intervalMs },
    })
  if (config.compareAddressLists || memory.compared !== source) {
    const { addresses } = advertisement
    if (!isSameSet(config.addresses, addresses)) {
      const ours = shortList(config.addresses.map(({ address }) => address))
      found.push({ finding: 'address-list', evidence: { priority, ours, theirs: shortList(addresses) } })
    }
  }
  if (priority === OWNER && config.priority === OWNER && source !== parameters.source)
    found.push({ finding: 'two-owners', evidence: { priority } })
  if (source === parameters.source && priority === parameters.priority)
    found.push({ finding: 'twin', evidence: { priority } })
  return found
}

interface SoFar {
  readonly found: readonly Sighting[]
  readonly now: Milliseconds
}

/** As an active: somebody who loses against us is active as well, and perhaps does not hear us say so. */
function besideActive(memory: SightMemory, sight: Sight, { found, now }: SoFar) {
  const { parameters, source, advertisement, roleSince } = sight
  if (isOutrankedBy(parameters, { source, advertisement })) return { memory, sightings: found }
  const { advertisementIntervalMs: intervalMs } = parameters.config
  const { rival: before } = memory
  const sinceMs = before?.source === source ? now - before.at : Number.POSITIVE_INFINITY
  const isOnGoing = sinceMs <= TOGETHER_INTERVALS * intervalMs
  // What waited while we were not running comes all at once; none of it is an answer that was not heard.
  const isAnother = sinceMs >= APART_INTERVALS * intervalMs
  const count = isOnGoing && before !== null ? before.count + (isAnother ? 1 : 0) : 1
  const evidence = { priority: advertisement.priority, ours: parameters.priority, inARow: count }
  const sightings = [...found]
  // The last word of the one we have just preempted: that is how it should be.
  const isLastWord = count === 1 && now - roleSince < intervalMs
  if (!isLastWord) sightings.push({ finding: 'lower-priority-active', evidence })
  if (count >= UNHEARD) sightings.push({ finding: 'unheard', evidence })
  const at = isAnother || before === null ? now : before.at
  return { memory: { ...memory, rival: { source, count, at } }, sightings }
}

/** As a backup: two sources that are heard in turn are two actives. */
function besideBackup(memory: SightMemory, sight: Sight, { found, now }: SoFar) {
  const { parameters, source, advertisement } = sight
  const { heard: before } = memory
  if (before === null)
    return { memory: { ...memory, heard: { source, changes: 0, since: now } }, sightings: found }
  if (before.source === source) return { memory, sightings: found }
  const togetherMs =
    TOGETHER_INTERVALS * Math.max(advertisement.intervalMs, parameters.config.advertisementIntervalMs)
  const isOnGoing = now - before.since <= togetherMs
  const changes = isOnGoing ? before.changes + 1 : 1
  const heard = { source, changes, since: isOnGoing ? before.since : now }
  if (changes < CHANGES) return { memory: { ...memory, heard }, sightings: found }
  const evidence = { priority: advertisement.priority, beside: before.source }
  return {
    memory: { ...memory, heard: { source, changes: 0, since: now } },
    sightings: [...found, { finding: 'several-actives', evidence } as const],
  }
}

/** Nearly always the same addresses in the same order. */
function isSameSet(ours: readonly { readonly address: Address }[], theirs: readonly Address[]): boolean {
  if (ours.length !== theirs.length) return false
  if (ours.every(({ address }, i) => address === theirs[i])) return true
  const known = new Set(ours.map(({ address }) => address))
  return theirs.every((address) => known.has(address))
}

/** An advertisement may hold 255 of them; people need to recognise the list, not to read it. */
function shortList(addresses: readonly Address[]): string {
  const shown = addresses.slice(0, 4).join(' ')
  return addresses.length > 4 ? `${shown} and ${addresses.length - 4} more` : shown
}

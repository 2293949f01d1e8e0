/**
 * How often, and when, an active router tells the LAN where its addresses are. A *round* is every address once. The
 * machine says why there is something to announce; this says how many rounds at once, and keeps what is still to come.
 */
import type { AnnouncementSettings } from '@aloft/shared/config/announcements-config'
import { LINGER_MS } from './departure.ts'
import type { Milliseconds } from './virtual-router.ts'

/**
 * `lower-priority-again`: so soon that it may not be answered at once. `reacquired`: an address that could not be added
 * before now may be there.
 */
export type AnnouncementReason =
  | 'became-active'
  | 'lower-priority-heard'
  | 'lower-priority-again'
  | 'reacquired'

interface Burst {
  readonly at: Milliseconds
  readonly rounds: number
  readonly because: AnnouncementReason
}

/** What a router that is active has still to announce. */
export interface AnnouncementSchedule {
  readonly bursts: readonly Burst[]
  readonly refreshAt: Milliseconds | null
  readonly alsoOnAt: Milliseconds | null
}

/** Rounds to announce now: everywhere, and on the additional interfaces alone. */
export interface Rounds {
  readonly everywhere: number
  readonly alsoOn: number
}

/**
 * So long wait the last rounds of the first burst. A predecessor lingers (it lets go last) and may answer a host that
 * asks in between: as soon as it has let go, that host is put right. And frames sent back to back are lost together.
 */
const ECHOES_MS = [LINGER_MS + 2, 100]

export const SILENT: AnnouncementSchedule = { bursts: [], refreshAt: null, alsoOnAt: null }

/** The rounds of this moment, the first of which nothing may delay, and what follows. */
export function announce(
  settings: AnnouncementSettings,
  schedule: AnnouncementSchedule,
  because: AnnouncementReason,
  now: Milliseconds,
): { readonly rounds: number; readonly schedule: AnnouncementSchedule } {
  if (because === 'became-active') return begin(settings, now)
  if (because === 'reacquired') return { rounds: 1, schedule }
  return because === 'lower-priority-again'
    ? { rounds: 0, schedule: callBackLater(settings, schedule, now) }
    : callBack(settings, schedule, now)
}

function begin(settings: AnnouncementSettings, now: Milliseconds) {
  const { repeat, delayMs, refreshMs, alsoOn, alsoOnIntervalMs } = settings
  const because = 'became-active'
  const echoes = ECHOES_MS.slice(0, Math.max(0, repeat - 1))
  const bursts: Burst[] = echoes.map((echoMs) => ({ at: now + echoMs, rounds: 1, because }))
  if (delayMs > 0) bursts.push({ at: now + delayMs, rounds: repeat, because })
  return {
    rounds: Math.max(1, repeat - echoes.length),
    schedule: {
      bursts,
      refreshAt: refreshMs > 0 ? now + refreshMs : null,
      alsoOnAt: alsoOn.length > 0 && alsoOnIntervalMs > 0 ? now + alsoOnIntervalMs : null,
    },
  }
}

/**
 * Somebody who loses against us believes to be active, and has drawn hosts away with announcements of its own. Each
 * time costs one round at least, so that we have the last word; the whole burst and its repetition come once.
 */
function callBack(settings: AnnouncementSettings, schedule: AnnouncementSchedule, now: Milliseconds) {
  const { lowerPriorityRepeat, lowerPriorityDelayMs } = settings
  const because = 'lower-priority-heard'
  if (lowerPriorityRepeat === 0) return { rounds: 0, schedule }
  if (schedule.bursts.some((burst) => burst.because === because)) return { rounds: 1, schedule }
  if (lowerPriorityDelayMs === 0) return { rounds: lowerPriorityRepeat, schedule }
  const again: Burst = { at: now + lowerPriorityDelayMs, rounds: lowerPriorityRepeat, because }
  return { rounds: lowerPriorityRepeat, schedule: { ...schedule, bursts: [...schedule.bursts, again] } }
}

/** Whatever is still to be announced comes later than what the other has said. */
function callBackLater(
  { lowerPriorityRepeat: rounds, lowerPriorityDelayMs: delayMs }: AnnouncementSettings,
  schedule: AnnouncementSchedule,
  now: Milliseconds,
): AnnouncementSchedule {
  if (schedule.bursts.length > 0 || rounds === 0 || delayMs === 0) return schedule
  return { ...schedule, bursts: [{ at: now + delayMs, rounds, because: 'lower-priority-heard' }] }
}

/** What has become due. */
export function due(
  settings: AnnouncementSettings,
  schedule: AnnouncementSchedule,
  now: Milliseconds,
): { readonly rounds: Rounds; readonly schedule: AnnouncementSchedule } {
  const { bursts, refreshAt, alsoOnAt } = schedule
  const isRefresh = refreshAt !== null && now >= refreshAt
  const isAlsoOn = alsoOnAt !== null && now >= alsoOnAt
  const ofBursts = bursts.filter(({ at }) => now >= at).reduce((sum, { rounds }) => sum + rounds, 0)
  return {
    rounds: { everywhere: ofBursts + (isRefresh ? settings.refreshRepeat : 0), alsoOn: isAlsoOn ? 1 : 0 },
    schedule: {
      bursts: bursts.filter(({ at }) => now < at),
      refreshAt: isRefresh ? following(refreshAt, settings.refreshMs, now) : refreshAt,
      alsoOnAt: isAlsoOn ? following(alsoOnAt, settings.alsoOnIntervalMs, now) : alsoOnAt,
    },
  }
}

/** Counted from when it was due, so that late alarms do not add up; a whole period late, from now. */
function following(at: Milliseconds, periodMs: Milliseconds, now: Milliseconds): Milliseconds {
  return at + periodMs > now ? at + periodMs : now + periodMs
}

/** When something becomes due; null: nothing will. */
export function nextAnnouncementAt({
  bursts,
  refreshAt,
  alsoOnAt,
}: AnnouncementSchedule): Milliseconds | null {
  const moments = [...bursts.map(({ at }) => at), refreshAt, alsoOnAt].filter((at) => at !== null)
  return moments.length === 0 ? null : Math.min(...moments)
}

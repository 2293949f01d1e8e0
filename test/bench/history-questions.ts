import { readAvailability } from '@aloft/control-plane/availability/read'
import { readTimeline } from '@aloft/control-plane/availability/timeline'
import type { Queryable } from '@aloft/control-plane/database/client'
import { listEvents } from '@aloft/control-plane/events/read'
import { listFailovers } from '@aloft/control-plane/failovers/read'
import { DAYS } from './history-rows.ts'

const DAY_MS = 86_400_000

export const QUESTIONS = [
  'failovers',
  'failoversOfSite',
  'timelineOfDay',
  'timelineOf90Days',
  'availabilityOf90Days',
  'eventsOfSite',
  'eventsOfRouter',
] as const

/** What people ask of a history, each again and again with another site or virtual router. */
export function questionsOf(
  db: Queryable,
  {
    routers,
    sites,
    nowMs,
  }: { readonly routers: readonly string[]; readonly sites: number; readonly nowMs: number },
) {
  const router = (i: number) => routers[(i * 37) % routers.length] ?? ''
  const site = (i: number) => `site-${1 + (i % sites)}`
  const [reach, from, order, limit] = ['everywhere', nowMs - DAYS * DAY_MS, 'desc', 50] as const
  return {
    failovers: () => listFailovers(db, { reach, limit }),
    failoversOfSite: (i: number) => listFailovers(db, { reach, site: site(i), limit }),
    timelineOfDay: (i: number) => readTimeline(db, { reach, id: router(i) }, nowMs),
    timelineOf90Days: (i: number) => readTimeline(db, { reach, id: router(i), from }, nowMs),
    availabilityOf90Days: () => readAvailability(db, { reach, from, limit }, nowMs),
    eventsOfSite: (i: number) => listEvents(db, { reach, site: site(i), order, limit }),
    eventsOfRouter: (i: number) => listEvents(db, { reach, virtualRouter: router(i), order, limit }),
  }
}

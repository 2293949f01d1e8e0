/** A link that flaps counts as what it was until it has been otherwise for long enough (keepalived-and-vrrp.md §1.3). */
import type { LinkDelays } from '@aloft/shared/config/tracking-config'
import type { LinkState } from '../world/router-world.ts'

export interface DelayedLink {
  /** As the kernel shows it; null: there is no such interface. */
  readonly seen: LinkState | null
  /** Whether it counts as up. */
  readonly up: boolean
  /** When what is seen will count, on the monotonic clock; null: it does already. */
  readonly settlesAt: number | null
}

/** The first look counts at once; so does an interface that vanished, for nothing can be sent or heard on it. */
export function seeLink(
  delays: LinkDelays,
  before: DelayedLink | null,
  { seen, now }: { readonly seen: LinkState | null; readonly now: number },
): DelayedLink {
  const isUp = seen?.up ?? false
  if (before === null || seen === null || isUp === before.up) return { seen, up: isUp, settlesAt: null }
  const delayMs = isUp ? delays.upDelayMs : delays.downDelayMs
  if (delayMs === 0) return { seen, up: isUp, settlesAt: null }
  return { seen, up: before.up, settlesAt: before.settlesAt ?? now + delayMs }
}

/** The same link once `now` has come; the very same object while nothing is due. */
export function settleLink(link: DelayedLink, now: number): DelayedLink {
  if (link.settlesAt === null || now < link.settlesAt) return link
  return { seen: link.seen, up: link.seen?.up ?? false, settlesAt: null }
}

/** What the loop is to take for the state of the link. */
export function countedLink({ seen, up }: DelayedLink): LinkState | null {
  return seen === null || seen.up === up ? seen : { ...seen, up }
}

/**
 * What carries the frames of one session, whatever it is made of: a WebSocket, HTTPS requests, or a test's own. The
 * machines know frames and time; a link knows bytes and when it broke.
 */

export interface Link {
  /** One frame. What a link that broke is given is lost, and `closed` was or will be called. */
  send(text: string): void
  /** No more events come from this link. */
  close(code: number, reason: string): void
  /** The centre welcomed the session: this way of reaching it works. */
  welcomed(): void
  /** So it does, as was tried on this link without a session: the next one may go that way. */
  passed?(): void
}

export interface LinkListener {
  opened(): void
  message(text: string): void
  /** A sign of life of the centre that is no frame. */
  alive(): void
  /** Exactly once, unless we closed it. `retryAfterMs`: when the centre said to come back. */
  closed(code: number, reason: string, retryAfterMs: number | null): void
}

export type Transport = 'websocket' | 'exchange'

/** Which of the centre's URLs, and how it is spoken to there. */
export interface Way {
  readonly url: string
  readonly transport: Transport
}

/** Makes the links of an agent, each by the way that promises most now. */
export interface Dialler {
  /** Never throws; what goes wrong is told to `listener`, not before `dial` has returned. */
  dial(listener: LinkListener): Link
  /** Of the newest link. */
  way(): Way
  /** When the session should try whether there is a better way by now, beside this one; null or absent: never. */
  betterWayAtMs?(): number | null
  /** The centre asks us to leave the way that is used: the next link goes elsewhere, if there is an elsewhere. */
  leave?(): void
}

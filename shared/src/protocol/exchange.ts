import { z } from 'zod'

/**
 * A session over HTTP requests, for places that let no WebSocket through: `POST /agent/v1/exchange` takes frames of
 * the agent and answers with frames of the centre, the same as on a WebSocket and in the same order. The centre
 * remembers nothing between two requests: what it needs goes along, sealed, in `session`.
 */
export const EXCHANGE_PATH = '/agent/v1/exchange'

/** The largest request, in bytes: two frames of the largest size, and what is around them. */
export const EXCHANGE_BYTES_MAX = 576 * 1024

/** What of `EXCHANGE_BYTES_MAX` frames may take. */
export const EXCHANGE_FRAMES_BYTES_MAX = 512 * 1024

/**
 * `session`: as the last answer gave it; null opens a session. A request that brings frames, or the agent's farewell,
 * is a turn: one after the other, and the same one again when no answer came. One that brings none may ask to be held
 * for `waitMs` until the centre has something to say.
 */
export const ExchangeRequest = z.object({
  session: z.string().max(16_384).nullable(),
  frames: z.array(z.unknown()).max(1_000),
  close: z.object({ code: z.int(), reason: z.string() }).nullish(),
  waitMs: z.number().min(0).optional(),
})
export type ExchangeRequest = z.infer<typeof ExchangeRequest>

/** `holdMs`: how long the centre holds a request that waits; 0 for not at all. `close`: the session is over. */
export const ExchangeAnswer = z.object({
  session: z.string().nullable(),
  frames: z.array(z.unknown()),
  close: z.object({ code: z.int(), reason: z.string() }).nullable(),
  holdMs: z.number().min(0),
})
export type ExchangeAnswer = z.infer<typeof ExchangeAnswer>

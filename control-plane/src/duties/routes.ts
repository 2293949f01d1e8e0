import { timingSafeEqual } from 'node:crypto'
import { Hono } from 'hono'
import { hashSecret } from '../access/secrets.ts'
import { Unauthenticated } from '../problems.ts'
import { type TickOptions, tick } from './tick.ts'

/**
 * `POST /internal/tick`, for a scheduler outside: `Authorization: Bearer` and the token of `ALOFT_TICK_TOKEN`. Answers
 * what ran and what failed: 200, or 500 when something did, so that a scheduler that knows only statuses hears of it.
 */
export function tickRoute(
  options: TickOptions & {
    readonly tickToken: string | null
    /** The centre lives, as far as a scheduler can tell. */
    readonly onTick: () => Promise<void>
  },
): Hono {
  const { tickToken } = options
  return new Hono().post('/internal/tick', async (c) => {
    if (tickToken === null) throw new Unauthenticated('no tick token is set (ALOFT_TICK_TOKEN)')
    const given = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (given === undefined || !sameSecret(given, tickToken))
      throw new Unauthenticated('send the tick token as `Authorization: Bearer TOKEN`')
    await options.onTick()
    const report = await tick(options)
    return c.json(report, report.failed.length === 0 ? 200 : 500, { 'cache-control': 'no-store' })
  })
}

/** In a time that tells nothing: digests have one length, whatever was given. */
function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(given)), Buffer.from(hashSecret(expected)))
}

import type { Instant } from './clocks.ts'
import type { Session } from './machine.ts'

/** The token bucket that bounds how many frames come: one less, and what time has added; below zero it was one too many. */
export function spendToken(
  { limits, lastFrameAtMs, tokens }: Pick<Session, 'limits' | 'lastFrameAtMs' | 'tokens'>,
  { monoMs }: Instant,
): Pick<Session, 'lastFrameAtMs' | 'tokens'> {
  const { framesPerSecond, burstFrames } = limits
  // Over HTTP requests the clock is a wall clock, and may have been set back.
  const gained = (Math.max(0, monoMs - lastFrameAtMs) * framesPerSecond) / 1000
  return { lastFrameAtMs: monoMs, tokens: Math.min(burstFrames, tokens + gained) - 1 }
}

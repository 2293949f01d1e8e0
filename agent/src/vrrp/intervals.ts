/** Skew_Time and Active_Down_Interval (RFC 9568 §6.1, RFC 3768 §6.1), in milliseconds. */
import type { Milliseconds, Parameters } from './virtual-router.ts'

const SECOND_MS = 1000

/**
 * How much longer a backup waits than the best backup possible, so that the best one speaks first.
 * v3 scales it with the active's interval; v2 always counts in seconds.
 */
export function skewTime({ config, priority }: Parameters, activeIntervalMs: Milliseconds): Milliseconds {
  const scaleMs = config.version === 2 ? SECOND_MS : activeIntervalMs
  return ((256 - priority) * scaleMs) / 256
}

/** How long a backup waits for an advertisement before it takes the active for dead. */
export function activeDownInterval(parameters: Parameters, activeIntervalMs: Milliseconds): Milliseconds {
  return parameters.config.missedAdvertisements * activeIntervalMs + skewTime(parameters, activeIntervalMs)
}

/** Active_Adver_Interval after an advertisement: v3 goes by the active's, v2 has only its own. */
export function learnedInterval({ config }: Parameters, advertisedMs: Milliseconds): Milliseconds {
  return config.version === 2 ? config.advertisementIntervalMs : advertisedMs
}

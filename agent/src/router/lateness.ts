/** How late do this process's alarms ring? A backup that is late takes over late; an active that is late loses. */
import type { Alarm, RouterInput, RouterWorld } from '../world/router-world.ts'

export interface LatenessFigures {
  readonly maxMs: number
  readonly lastMinuteMaxMs: number
  readonly p99Ms: number
}

/** Upper bounds of the histogram's buckets: 0.1 ms × 1.25^i, up to about 13 s. */
const BUCKET_BOUNDS_MS = Array.from({ length: 54 }, (_, i) => 0.1 * 1.25 ** i)
const SLOT_MS = 5_000
const SLOTS = 12

export class Lateness {
  readonly #buckets = new Uint32Array(BUCKET_BOUNDS_MS.length + 1)
  /** Maxima of the last twelve five-second slots, and which slot each entry stands for. */
  readonly #slotMax = new Float64Array(SLOTS)
  readonly #slotNumber = new Float64Array(SLOTS).fill(-1)
  #count = 0
  #maxMs = 0

  /** An alarm due at `dueMs` rang at `nowMs`. Node truncates timeouts, so early by a fraction counts as on time. */
  record(dueMs: number, nowMs: number): void {
    const lateMs = Math.max(0, nowMs - dueMs)
    this.#count += 1
    this.#maxMs = Math.max(this.#maxMs, lateMs)
    const bucket =
      lateMs <= 0.1
        ? 0
        : Math.min(BUCKET_BOUNDS_MS.length, Math.ceil(Math.log(lateMs / 0.1) / Math.log(1.25)))
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    const slot = Math.floor(nowMs / SLOT_MS)
    const i = slot % SLOTS
    const isSame = this.#slotNumber[i] === slot
    this.#slotNumber[i] = slot
    this.#slotMax[i] = isSame ? Math.max(this.#slotMax[i] ?? 0, lateMs) : lateMs
  }

  figures(nowMs: number): LatenessFigures {
    const oldest = Math.floor(nowMs / SLOT_MS) - SLOTS
    let lastMinuteMaxMs = 0
    for (const [i, slot] of this.#slotNumber.entries()) {
      if (slot > oldest) lastMinuteMaxMs = Math.max(lastMinuteMaxMs, this.#slotMax[i] ?? 0)
    }
    return { maxMs: round(this.#maxMs), lastMinuteMaxMs: round(lastMinuteMaxMs), p99Ms: round(this.#p99Ms()) }
  }

  /** The bound of the bucket the 99th percentile falls in, never above the maximum seen. */
  #p99Ms(): number {
    let below = 0
    for (const [i, count] of this.#buckets.entries()) {
      below += count
      if (below >= 0.99 * this.#count && below > 0)
        return Math.min(BUCKET_BOUNDS_MS[i] ?? this.#maxMs, this.#maxMs)
    }
    return 0
  }
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}

/** The world with an alarm that is timed, and the input through which it rings. */
export function timeAlarm(
  world: RouterWorld,
  lateness: Lateness,
): { readonly world: RouterWorld; input(input: RouterInput): RouterInput } {
  let dueMs: number | null = null
  const alarm: Alarm = {
    set(atMs) {
      dueMs = atMs
      world.alarm.set(atMs)
    },
  }
  return {
    world: { ...world, alarm },
    input: (input) => ({
      datagram: (datagram) => input.datagram(datagram),
      together: (deliver) => input.together(deliver),
      undecodable: (packet) => input.undecodable(packet),
      bfd: (datagram) => input.bfd(datagram),
      linkChanged: (interfaceName) => input.linkChanged(interfaceName),
      holdingFailed: (failure) => input.holdingFailed(failure),
      holdingLost: (loss) => input.holdingLost(loss),
      addressClaimed: (claim) => input.addressClaimed?.(claim),
      virtualLinkChanged: (router) => input.virtualLinkChanged(router),
      alarm() {
        if (dueMs !== null) lateness.record(dueMs, world.clock.now())
        dueMs = null
        input.alarm()
      },
    }),
  }
}

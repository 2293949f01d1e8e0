/** `perSecond` requests for good, `burst` at once after a quiet while. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export interface Taken {
  readonly isAllowed: boolean
  /** Whole requests left now. */
  readonly remaining: number
  /** Until one more is allowed. */
  readonly retryAfterMs: number
  /** Until the bucket is full again. */
  readonly fullInMs: number
}

interface Bucket {
  tokens: number
  atMs: number
}

/** Who asked longest ago is forgotten first, which gives him a full bucket: the bound is on memory, not on him. */
const BUCKETS_MAX = 20_000

/** A token bucket for every key, in the memory of this replica alone. */
export class TokenBuckets {
  readonly rate: Rate
  private readonly buckets = new Map<string, Bucket>()

  constructor(rate: Rate) {
    this.rate = rate
  }

  take(key: string, nowMs: number): Taken {
    const { perSecond, burst } = this.rate
    const { tokens, atMs } = this.buckets.get(key) ?? { tokens: burst, atMs: nowMs }
    // A clock that was set back takes nothing away and gives nothing.
    const filled = Math.min(burst, tokens + (Math.max(0, nowMs - atMs) * perSecond) / 1_000)
    const isAllowed = filled >= 1
    const left = isAllowed ? filled - 1 : filled
    this.keep(key, { tokens: left, atMs: nowMs })
    return {
      isAllowed,
      remaining: Math.floor(left),
      retryAfterMs: left >= 1 ? 0 : ((1 - left) * 1_000) / perSecond,
      fullInMs: ((burst - left) * 1_000) / perSecond,
    }
  }

  private keep(key: string, bucket: Bucket): void {
    this.buckets.delete(key)
    this.buckets.set(key, bucket)
    if (this.buckets.size <= BUCKETS_MAX) return
    const [oldest] = this.buckets.keys()
    if (oldest !== undefined) this.buckets.delete(oldest)
  }
}

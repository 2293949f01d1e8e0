/** What `aloft status` says of BFD. */
import type { BfdState, Diagnostic } from '../../bfd/packet.ts'
import { detectionMs, transmitMs } from '../../bfd/session.ts'
import type { Hops } from '../../world/bfd-links.ts'
import type { Clock } from '../../world/router-world.ts'
import type { BfdSession } from './bfd-sessions.ts'
import type { Neighbour } from './pairing-keeper.ts'

/** The last packet of a session, to be said by somebody else once this process is dead (`farewells.ts`). */
export interface Farewell {
  readonly interface: string
  readonly local: string
  readonly remote: string
  /** The UDP payload, in hex. */
  readonly payload: string
}

export interface BfdStatus {
  readonly sessions: readonly BfdSessionStatus[]
  /** Packets that no session took, by why. */
  readonly discarded: Readonly<Record<string, number>>
  /** Where we do not hear BFD (`single-hop ipv4`), and why. */
  readonly deaf: Readonly<Record<string, string>>
  /** Losses of an active, since the start, that were none. */
  readonly falseAlarms: number
}

export interface BfdSessionStatus {
  /** Null: nobody asked for it; it pairs an active with a backup. */
  readonly name: string | null
  readonly interface: string | null
  readonly local: string | null
  readonly remote: string
  readonly hops: Hops
  readonly state: BfdState
  readonly remoteState: BfdState | null
  readonly diagnostic: Diagnostic
  readonly sinceWallMs: number
  readonly passive: boolean
  /** As negotiated; null while there is nothing to send, or nobody to expect anything of. */
  readonly transmitMs: number | null
  readonly detectionMs: number | null
  /** False alarms of it, and for how long yet its loss is not acted on. */
  readonly falseAlarms: number
  readonly distrustedMs: number
  readonly counters: {
    readonly sent: number
    readonly sendErrors: number
    readonly received: number
    readonly lost: number
  }
}

export function bfdSessionStatus(
  { name, path, session, parameters, since, counters }: BfdSession,
  neighbour: Neighbour | null,
  clock: Clock,
): BfdSessionStatus {
  const now = clock.now()
  const { falseAlarms = 0, untilMs = now } = neighbour?.distrust ?? {}
  return {
    name,
    interface: path.interfaceName,
    local: path.local,
    remote: path.remote,
    hops: path.hops,
    state: session.state,
    remoteState: session.remote?.state ?? null,
    diagnostic: session.diagnostic,
    sinceWallMs: clock.wallMs() - (now - since),
    passive: parameters.passive,
    transmitMs: transmitMs(session),
    detectionMs: detectionMs(session),
    falseAlarms,
    distrustedMs: Math.max(0, untilMs - now),
    counters: { ...counters },
  }
}

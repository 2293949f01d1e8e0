import type { RouterStatus } from '../router/contract.ts'
import type { Transport } from '../session/link.ts'
import type { TrackerStatus } from './trackers/tracker-keeper.ts'

/** What `STATE/steward.sock` answers: the local agent's truth. `router` null: the router process does not answer. */
export interface AgentStatus {
  readonly agent: {
    readonly node: string
    readonly pid: number
    readonly runId: string
    readonly startedWallMs: number
    readonly config: {
      readonly file: string
      readonly revision: string
      /** Why the file as it was last read is not what runs; null when it is. */
      readonly refused: string | null
    }
  }
  readonly router: RouterStatus | null
  /** Scripts, files and processes that virtual routers follow. */
  readonly trackers: readonly TrackerStatus[]
  readonly uplink: UplinkStatus | null
  readonly spool: SpoolStatus | null
  /** Null: nobody can be told yet. */
  readonly notifications: NotificationStatus | null
}

/** Events that scripts, pipes and mailboxes have not been told of yet. */
export interface NotificationStatus {
  readonly scripts: number
  readonly fifo: number
  readonly vrrpFifo: number
  readonly email: number
}

/** Null in AgentStatus: the agent reports to nobody. */
export interface UplinkStatus {
  /** The centre's URL that is used or tried now. */
  readonly url: string
  /** Null while nothing was tried yet: enrolment comes first. */
  readonly transport: Transport | null
  /**
   * `pending`: enrolled, and not approved yet. `refused`: the centre says no, or is not the one we trust, and is asked again
   * slowly. `not-enrolled`: there is nothing to connect with.
   */
  readonly state: 'connecting' | 'connected' | 'waiting' | 'pending' | 'refused' | 'not-enrolled'
  readonly sinceWallMs: number
  readonly detail: string | null
  /** Of the key it is known by: what `aloft agents approve --fingerprint` compares. Not told by older stewards. */
  readonly keyFingerprint?: string
}

export interface SpoolStatus {
  readonly epoch: string
  readonly lastSeq: number
  readonly ackedSeq: number
  readonly backlog: number
  /** Why nothing can be written at present (a full disk); observations wait in the journal meanwhile. */
  readonly error: string | null
}

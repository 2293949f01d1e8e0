/** What the steward's assembly needs from reporting (spool and uplink), and what it gives to it. */
import type { RouterStatus } from '../router/contract.ts'
import type { SpoolStatus, UplinkStatus } from './status-contract.ts'

export interface ReportingStart {
  /** Of the steward's own run. */
  readonly runId: string
  readonly node: string
  readonly router: {
    isConnected(): boolean
    /** For the snapshot; null: the router process does not answer. */
    status(): Promise<RouterStatus | null>
  }
}

export interface Reporting {
  /** There is something new in `STATE/journal`, from the router's run or the steward's. */
  journalGrew(): void
  status(): { readonly uplink: UplinkStatus | null; readonly spool: SpoolStatus | null }
  /** Spools what the journal holds, makes it durable, and closes the session. */
  stop(): Promise<void>
}

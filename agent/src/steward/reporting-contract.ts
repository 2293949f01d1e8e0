/** What the steward's assembly needs from reporting (spool and uplink), and what it gives to it. */
import type { AgentConfig } from '@aloft/shared/config/agent-config'
import type { EventBody } from '@aloft/shared/protocol/events'
import type { RouterStatus } from '../router/contract.ts'
import type { NotificationStatus, SpoolStatus, UplinkStatus } from './status-contract.ts'

export interface ReportingStart {
  /** Of the steward's own run. */
  readonly runId: string
  readonly node: string
  /** As it is when it is asked for. */
  readonly config: AgentConfig
  /** Journals what the steward itself observed. */
  readonly observe: (body: EventBody) => void
  readonly router: {
    isConnected(): boolean
    /** For the snapshot; null: the router process does not answer. */
    status(): Promise<RouterStatus | null>
  }
}

export interface ReportingStatus {
  readonly uplink: UplinkStatus | null
  readonly spool: SpoolStatus | null
  /** Events that each way of telling has not told yet. */
  readonly notifications: NotificationStatus
}

export interface Reporting {
  /** There is something new in `STATE/journal`, from the router's run or the steward's. */
  journalGrew(): void
  /** The config that is wanted from now on. */
  configured(config: AgentConfig): void
  status(): ReportingStatus
  /** Spools what the journal holds, makes it durable, and closes the session. */
  stop(): Promise<void>
}

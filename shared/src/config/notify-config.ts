/** Whom the agent tells of changes on this host: programs, pipes, mailboxes. Run by the steward; no election waits. */

/** A program and its arguments; no shell reads them. */
export type CommandLine = readonly [string, ...string[]]

/** States that can be told of, in the words of this config. */
export const NOTIFIED = [
  'active',
  'backup',
  'fault',
  'stopped',
  'deleted',
  'any',
  'lowerPriorityHeard',
] as const
export type Notified = (typeof NOTIFIED)[number]

/** What one virtual router, or one sync group, has told. */
export interface NotifySettings {
  readonly scripts: Readonly<Partial<Record<Notified, CommandLine>>>
  /** Null: those of `notifications`, and failing that the agent's own. */
  readonly user: string | null
  readonly group: string | null
  /** After which a script is ended. */
  readonly timeoutMs: number
  /** Whether the pipes are told of priorities that changed within a state. */
  readonly priorityChanges: boolean
  readonly email: boolean
}

export interface FifoSettings {
  readonly path: string
  /** Null: the agent's. */
  readonly user: string | null
  readonly group: string | null
  /** Permission bits. */
  readonly mode: number
  /** Reads the pipe; its path is appended. Kept running. */
  readonly script: CommandLine | null
}

export interface EmailSettings {
  readonly server: string
  readonly port: number
  readonly from: string
  readonly to: readonly string[]
  readonly helo: string | null
  readonly connectTimeoutMs: number
  /** What the subject begins with; null: the node's name. */
  readonly label: string | null
  readonly security: 'none' | 'starttls' | 'tls'
  readonly username: string | null
  readonly passwordFile: string | null
}

export interface ProcessHook {
  readonly command: CommandLine
  readonly timeoutMs: number
}

export interface NotificationSettings {
  /** Hears of everything; `vrrpFifo` of virtual routers and sync groups only. */
  readonly fifo: FifoSettings | null
  readonly vrrpFifo: FifoSettings | null
  /** Whether the pipes are told every state again after a reload. */
  readonly statesOnReload: boolean
  readonly email: EmailSettings | null
  readonly user: string | null
  readonly group: string | null
  readonly startup: ProcessHook | null
  readonly shutdown: ProcessHook | null
}

export const NOTIFY_DEFAULTS: NotifySettings = {
  scripts: {},
  user: null,
  group: null,
  timeoutMs: 30_000,
  priorityChanges: false,
  email: true,
}

export const NOTIFICATION_DEFAULTS: NotificationSettings = {
  fifo: null,
  vrrpFifo: null,
  statesOnReload: false,
  email: null,
  user: null,
  group: null,
  startup: null,
  shutdown: null,
}

/**
 * What the control plane answers, made from its OpenAPI document by `npm run generate`; held to it by
 * test/contract/client-types.test.ts. Not edited by hand.
 */

export type Account = {
  readonly id: string
  readonly name: string
  readonly kind: "user" | "token" | "console"
  readonly grants: readonly (Grant)[]
  readonly permissions: readonly ({
    readonly permission: string
    readonly sites: readonly (string)[] | null
  })[]
  readonly hasPassword: boolean
  readonly expiresAt: string | null
}

export type Agent = {
  readonly id: string
  readonly site: string
  readonly node: string
  readonly state: AgentState
  readonly evidence: {
    readonly node: string
    readonly virtualRouter: string
    readonly at: string
  } | null
  readonly software: string | null
  readonly enrolledAt: string
  readonly connectedSince: string | null
  readonly lastSeenAt: string | null
  readonly clock: {
    readonly offsetMs: number
    readonly errorMs: number
  } | null
  readonly spoolBacklog: number | null
  readonly routerAlive: boolean | null
  readonly labels: { readonly [key: string]: string }
  readonly reason: string | null
  readonly keyFingerprint: string
  readonly keySince: string
  readonly enrolledFrom: string | null
  readonly keyRotationAsked: boolean
  readonly credentialExpiresAt: string | null
}

export type AgentCommand = {
  readonly id: string
  readonly agentId: string
  readonly kind: string
  readonly state: "waiting" | "sent" | "done" | "failed" | "unsupported" | "expired" | "no-answer"
  readonly detail: string | null
  readonly createdAt: string
  readonly createdBy: string
  readonly expiresAt: string
  readonly sentAt: string | null
  readonly finishedAt: string | null
}

export type AgentState = "pending" | "enrolled" | "connected" | "silent" | "down" | "unknown" | "quarantined" | "revoked"

export type ApiToken = {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly token?: string | undefined
  readonly grants: readonly (Grant)[]
  readonly owner: string | null
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
}

export type AuditEntry = {
  readonly id: number
  readonly at: string
  readonly atMs: number
  readonly actor: string
  readonly actorName: string
  readonly credential: string | null
  readonly requestId: string | null
  readonly action: string
  readonly targetKind: string
  readonly targetId: string
  readonly siteId: string | null
  readonly before?: unknown | undefined
  readonly after?: unknown | undefined
  readonly previousHash: string
  readonly hash: string
}

export type BrowserSession = {
  readonly id: string
  readonly method: "password" | "provider" | "token" | "link"
  readonly current: boolean
  readonly address: string | null
  readonly userAgent: string | null
  readonly createdAt: string
  readonly lastSeenAt: string
  readonly expiresAt: string
}

export type CentreKey = {
  readonly key: string
  readonly previous: readonly ({
    readonly key: string
    readonly acceptedUntil: string
  })[]
}

export type CreatedUser = {
  readonly id: string
  readonly name: string
  readonly grants: readonly (Grant)[]
  readonly grantsFrom: "admin" | "provider"
  readonly hasPassword: boolean
  readonly providers: readonly (string)[]
  readonly createdAt: string
  readonly lastSignInAt: string | null
  readonly disabledAt: string | null
  readonly password?: string | undefined
}

export type EnrolmentToken = {
  readonly id: string
  readonly site: string
  readonly token?: string | undefined
  readonly createdAt: string
  readonly expiresAt: string
  readonly maxUses: number
  readonly uses: number
  readonly labels: { readonly [key: string]: string }
  readonly needsApproval: boolean
}

export type Event = {
  readonly id: string
  readonly agentId: string
  readonly site: string
  readonly node: string
  readonly epoch: string
  readonly seq: number
  readonly occurredAt: string
  readonly occurredAtErrorMs: number | null
  readonly receivedAt: string
  readonly late: boolean
  readonly observed: {
    readonly wallMs: number
    readonly monoMs: number
    readonly bootId: string
  }
  readonly body: {
    readonly kind: "transition"
    readonly virtualRouter: string
    readonly vrid: number
    readonly family: "ipv4" | "ipv6"
    readonly interface: string
    readonly from: "initialize" | "backup" | "active" | "fault"
    readonly to: "initialize" | "backup" | "active" | "fault"
    readonly reason: "startup" | "shutdown" | "no-response" | "preempted" | "priority" | "higher-priority-backup" | "interface-up" | "interface-down" | "no-primary-ip-address" | "no-virtual-ip-addresses" | "no-peers" | "tracker" | "sync-group" | "stall" | "configuration" | "step-down" | "holding-lost"
    readonly priority: number
    readonly heard: {
      readonly address: string
      readonly priority: number
      readonly agoMs: number
    } | null
    readonly source?: string | null | undefined
    readonly outageMs: number | null
    readonly detectedBy?: "bfd" | undefined
    readonly addresses: readonly (string)[]
  } | {
    readonly kind: "resumed"
    readonly virtualRouter: string
    readonly vrid: number
    readonly family: "ipv4" | "ipv6"
    readonly interface: string
    readonly role: "initialize" | "backup" | "active" | "fault"
    readonly priority: number
    readonly gapMs: number
  } | {
    readonly kind: "process"
    readonly process: "router" | "steward"
    readonly what: "started" | "stopped" | "lost"
    readonly runId: string
    readonly detail: string | null
  } | {
    readonly kind: "protocol-error"
    readonly interface: string
    readonly vrid: number | null
    readonly reason: "truncated" | "ip-header" | "ip-ttl" | "version" | "type" | "packet-length" | "checksum" | "zero-interval" | "zero-count" | "vrid" | "family" | "authentication-type" | "authentication-failure" | "authentication-trailer" | "replay" | "destination" | "source" | "interval-mismatch" | "own-advertisement" | "address-owner"
    readonly source: string | null
    readonly count: number
    readonly windowMs: number
  } | {
    readonly kind: "link"
    readonly interface: string
    readonly up: boolean
  } | {
    readonly kind: "tracker"
    readonly tracker: "script" | "file" | "process" | "bfd"
    readonly name: string
    readonly state: "up" | "down"
    readonly value: number | null
    readonly why: string
    readonly output: string | null
  } | {
    readonly kind: "bfd"
    readonly session: string | null
    readonly interface: string | null
    readonly local: string | null
    readonly remote: string
    readonly from: "admin-down" | "down" | "init" | "up"
    readonly to: "admin-down" | "down" | "init" | "up"
    readonly diagnostic: string
    readonly detectionMs: number | null
    readonly activeLost: boolean
  } | {
    readonly kind: "false-alarm"
    readonly interface: string
    readonly remote: string
    readonly virtualRouters: number
    readonly heardAfterMs: number
    readonly twoActivesMs: number
    readonly distrustedMs: number
  } | {
    readonly kind: "config"
    readonly revision: string
    readonly outcome: "running" | "refused"
    readonly detail: string | null
  } | {
    readonly kind: "gap"
    readonly count: number | null
    readonly cause: "spool-overflow" | "spool-corrupt" | "journal-overflow" | "journal-corrupt"
    readonly fromWallMs: number | null
    readonly toWallMs: number | null
  } | {
    readonly kind: "stall"
    readonly lateMs: number
    readonly virtualRouters: number
  } | {
    readonly kind: "priority"
    readonly virtualRouter: string
    readonly vrid: number
    readonly family: "ipv4" | "ipv6"
    readonly interface: string
    readonly role: "initialize" | "backup" | "active" | "fault"
    readonly from: number
    readonly to: number
    readonly why: string
  } | {
    readonly kind: "lan"
    readonly finding: "foreign-router" | "address-list" | "interval" | "twin" | "two-owners" | "lower-priority-active" | "unheard" | "several-actives" | "duplicate-address"
    readonly interface: string
    readonly family: "ipv4" | "ipv6"
    readonly vrid: number | null
    readonly virtualRouter: string | null
    readonly source: string
    readonly evidence: { readonly [key: string]: string | number }
    readonly count: number
    readonly windowMs: number
  } | {
    readonly kind: "notification-failed"
    readonly channel: string
    readonly about: string | null
    readonly detail: string
    readonly count: number
  } | {
    readonly kind: "holding-lost"
    readonly virtualRouter: string | null
    readonly vrid: number | null
    readonly family: "ipv4" | "ipv6" | null
    readonly interface: string | null
    readonly items: readonly (string)[]
    readonly count: number
    readonly byPort: number | null
    readonly cause: "removed" | "lease-expired"
    readonly response: "mended" | "reelected" | "listening"
    readonly windowMs: number
  } | {
    readonly kind: "holding-refused"
    readonly virtualRouter: string | null
    readonly vrid: number | null
    readonly family: "ipv4" | "ipv6" | null
    readonly interface: string | null
    readonly of: "address" | "route" | "rule" | "announcement"
    readonly what: string
    readonly error: string
    readonly remedy: string | null
    readonly count: number
    readonly windowMs: number
  }
}

export type ExportEnd = {
  readonly end: {
    readonly items: number
    readonly nextCursor: string | null
  }
}

export type ExportFailed = {
  readonly failed: Problem
}

export type Failover = {
  readonly id: string
  readonly site: string
  readonly virtualRouter: string
  readonly vrid: number
  readonly family: "ipv4" | "ipv6"
  readonly from: string | null
  readonly to: string
  readonly reason: "startup" | "shutdown" | "no-response" | "preempted" | "priority" | "higher-priority-backup" | "interface-up" | "interface-down" | "no-primary-ip-address" | "no-virtual-ip-addresses" | "no-peers" | "tracker" | "sync-group" | "stall" | "configuration" | "step-down" | "holding-lost"
  readonly planned: boolean
  readonly occurredAt: string
  readonly occurredAtErrorMs: number | null
  readonly receivedAt: string
  readonly late: boolean
  readonly outageMs: number | null
  readonly evidence: readonly (Event)[]
}

export type Grant = {
  readonly role: "viewer" | "operator" | "author" | "approver" | "admin"
  readonly sites: readonly (string)[] | null
}

export type Member = {
  readonly agentId: string
  readonly node: string
  readonly role: "initialize" | "backup" | "active" | "fault" | null
  readonly lastKnownRole: "initialize" | "backup" | "active" | "fault"
  readonly heard: boolean
  readonly since: string
  readonly priority: number
  readonly interface: string
}

export type PasswordReset = {
  readonly password?: string | undefined
}

export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string | undefined
  readonly errors?: readonly ({
    readonly pointer: string
    readonly message: string
  })[] | undefined
}

export type Site = {
  readonly id: string
  readonly name: string
  readonly agents: {
    readonly total: number
    readonly connected: number
    readonly silent: number
    readonly down: number
    readonly unknown: number
  }
  readonly virtualRouters: {
    readonly total: number
    readonly served: number
    readonly splitBrain: number
    readonly noActive: number
    readonly unknown: number
  }
  readonly lastFailoverAt: string | null
}

export type User = {
  readonly id: string
  readonly name: string
  readonly grants: readonly (Grant)[]
  readonly grantsFrom: "admin" | "provider"
  readonly hasPassword: boolean
  readonly providers: readonly (string)[]
  readonly createdAt: string
  readonly lastSignInAt: string | null
  readonly disabledAt: string | null
}

export type VirtualRouter = {
  readonly id: string
  readonly site: string
  readonly name: string
  readonly vrid: number
  readonly family: "ipv4" | "ipv6"
  readonly addresses: readonly (string)[]
  readonly state: VirtualRouterState
  readonly active: string | null
  readonly witness: {
    readonly node: string
    readonly address: string
    readonly at: string
  } | null
  readonly members: readonly (Member)[]
  readonly lastFailoverAt: string | null
}

export type VirtualRouterState = "served" | "split-brain" | "no-active" | "unknown"

export interface Operations {
  /** Who the caller is, and what it may */
  readonly 'GET /api/v1/account': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: Account
    readonly lines: never
  }
  /** Change one’s own password */
  readonly 'PUT /api/v1/account/password': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: {
      readonly current: string
      readonly new: string
    }
    readonly answer: undefined
    readonly lines: never
  }
  /** One’s own browser sessions, newest first */
  readonly 'GET /api/v1/account/sessions': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (BrowserSession)[]
    }
    readonly lines: never
  }
  /** End one of one’s own browser sessions */
  readonly 'DELETE /api/v1/account/sessions/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: undefined
    readonly lines: never
  }
  /** Agents, by site and node */
  readonly 'GET /api/v1/agents': {
    readonly path: Record<never, never>
    readonly query: { readonly site?: string | undefined; readonly node?: string | undefined; readonly label?: readonly (string)[] | undefined; readonly state?: AgentState | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Agent)[]
      readonly nextCursor: string | null
    }
    readonly lines: never
  }
  /** One agent */
  readonly 'GET /api/v1/agents/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: Agent
    readonly lines: never
  }
  /** Approve an agent that waits for it */
  readonly 'POST /api/v1/agents/{id}/approve': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: {
      readonly reason?: string | undefined
    } | undefined
    readonly answer: Agent
    readonly lines: never
  }
  /** Commands given to an agent, newest first */
  readonly 'GET /api/v1/agents/{id}/commands': {
    readonly path: { readonly id: string }
    readonly query: { readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (AgentCommand)[]
      readonly nextCursor: string | null
    }
    readonly lines: never
  }
  /** Give an agent a command */
  readonly 'POST /api/v1/agents/{id}/commands': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: {
      readonly kind: "report" | "rotate-key"
      readonly ttlMs?: number | undefined
    }
    readonly answer: AgentCommand
    readonly lines: never
  }
  /** One command, and what came of it */
  readonly 'GET /api/v1/agents/{id}/commands/{commandId}': {
    readonly path: { readonly id: string; readonly commandId: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: AgentCommand
    readonly lines: never
  }
  /** Turn an agent away that waits for approval */
  readonly 'POST /api/v1/agents/{id}/reject': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: {
      readonly reason?: string | undefined
    } | undefined
    readonly answer: Agent
    readonly lines: never
  }
  /** Release an agent from quarantine */
  readonly 'POST /api/v1/agents/{id}/release': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: {
      readonly reason?: string | undefined
    } | undefined
    readonly answer: Agent
    readonly lines: never
  }
  /** Revoke an agent */
  readonly 'POST /api/v1/agents/{id}/revoke': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: {
      readonly reason?: string | undefined
    } | undefined
    readonly answer: Agent
    readonly lines: never
  }
  /** Have an agent make a new key */
  readonly 'POST /api/v1/agents/{id}/rotate-key': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: {
      readonly reason?: string | undefined
    } | undefined
    readonly answer: Agent
    readonly lines: never
  }
  /** API tokens that were not revoked, newest first */
  readonly 'GET /api/v1/api-tokens': {
    readonly path: Record<never, never>
    readonly query: { readonly owner?: string | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (ApiToken)[]
      readonly nextCursor: string | null
    }
    readonly lines: never
  }
  /** Make an API token for oneself */
  readonly 'POST /api/v1/api-tokens': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: {
      readonly name: string
      readonly grants?: readonly ({
        readonly role: "viewer" | "operator" | "author" | "approver" | "admin"
        readonly sites: readonly (string)[] | null
      })[] | undefined
      readonly ttlMs?: number | undefined
    }
    readonly answer: ApiToken
    readonly lines: never
  }
  /** Revoke an API token */
  readonly 'DELETE /api/v1/api-tokens/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: undefined
    readonly lines: never
  }
  /** Who changed what, newest first */
  readonly 'GET /api/v1/audit': {
    readonly path: Record<never, never>
    readonly query: { readonly site?: string | undefined; readonly actor?: string | undefined; readonly action?: string | undefined; readonly targetKind?: string | undefined; readonly target?: string | undefined; readonly from?: string | undefined; readonly to?: string | undefined; readonly order?: "asc" | "desc" | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (AuditEntry)[]
      readonly nextCursor: string | null
    }
    readonly lines: AuditEntry | ExportEnd | ExportFailed
  }
  /** How long virtual routers were served, degraded, down or unknown */
  readonly 'GET /api/v1/availability': {
    readonly path: Record<never, never>
    readonly query: { readonly site?: string | undefined; readonly virtualRouter?: string | undefined; readonly address?: string | undefined; readonly from?: string | undefined; readonly to?: string | undefined; readonly step?: "hour" | "day" | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly from: string
      readonly to: string
      readonly total: {
        readonly virtualRouters: number
        readonly servedMs: number
        readonly degradedMs: number
        readonly downMs: number
        readonly unknownMs: number
        readonly excludedMs: number
        readonly outages: number
        readonly availability: number | null
      }
      readonly address: {
        readonly address: string
        readonly servedMs: number
        readonly degradedMs: number
        readonly downMs: number
        readonly unknownMs: number
        readonly excludedMs: number
        readonly outages: number
        readonly availability: number | null
        readonly steps?: readonly ({
          readonly startAt: string
          readonly servedMs: number
          readonly degradedMs: number
          readonly downMs: number
          readonly unknownMs: number
          readonly excludedMs: number
          readonly outages: number
          readonly availability: number | null
        })[] | undefined
      } | null
      readonly items: readonly ({
        readonly virtualRouter: string
        readonly site: string
        readonly name: string
        readonly vrid: number
        readonly family: "ipv4" | "ipv6"
        readonly addresses: readonly (string)[]
        readonly servedMs: number
        readonly degradedMs: number
        readonly downMs: number
        readonly unknownMs: number
        readonly excludedMs: number
        readonly outages: number
        readonly availability: number | null
        readonly steps?: readonly ({
          readonly startAt: string
          readonly servedMs: number
          readonly degradedMs: number
          readonly downMs: number
          readonly unknownMs: number
          readonly excludedMs: number
          readonly outages: number
          readonly availability: number | null
        })[] | undefined
      })[]
      readonly nextCursor: string | null
    }
    readonly lines: never
  }
  /** The key this centre proves itself with */
  readonly 'GET /api/v1/centre-key': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: CentreKey
    readonly lines: never
  }
  /** Make a new signing key for the centre */
  readonly 'POST /api/v1/centre-key/rotate': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: CentreKey
    readonly lines: never
  }
  /** Enrolment tokens that were not revoked, newest first */
  readonly 'GET /api/v1/enrolment-tokens': {
    readonly path: Record<never, never>
    readonly query: { readonly site?: string | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (EnrolmentToken)[]
      readonly nextCursor: string | null
    }
    readonly lines: never
  }
  /** Make a token that nodes of a site enrol with */
  readonly 'POST /api/v1/enrolment-tokens': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: {
      readonly site: string
      readonly ttlMs?: number | undefined
      readonly maxUses?: number | undefined
      readonly labels?: { readonly [key: string]: string } | undefined
      readonly needsApproval?: boolean | undefined
    }
    readonly answer: EnrolmentToken
    readonly lines: never
  }
  /** Revoke an enrolment token */
  readonly 'DELETE /api/v1/enrolment-tokens/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: undefined
    readonly lines: never
  }
  /** Everything the agents observed, in the order of arrival */
  readonly 'GET /api/v1/events': {
    readonly path: Record<never, never>
    readonly query: { readonly site?: string | undefined; readonly node?: string | undefined; readonly kind?: "transition" | "resumed" | "process" | "protocol-error" | "link" | "tracker" | "bfd" | "false-alarm" | "config" | "gap" | "stall" | "priority" | "lan" | "notification-failed" | "holding-lost" | "holding-refused" | undefined; readonly virtualRouter?: string | undefined; readonly vrid?: number | undefined; readonly family?: "ipv4" | "ipv6" | undefined; readonly late?: boolean | undefined; readonly from?: string | undefined; readonly to?: string | undefined; readonly order?: "asc" | "desc" | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Event)[]
      readonly nextCursor: string | null
    }
    readonly lines: Event | ExportEnd | ExportFailed
  }
  /** Failovers, newest first by corrected time */
  readonly 'GET /api/v1/failovers': {
    readonly path: Record<never, never>
    readonly query: { readonly site?: string | undefined; readonly virtualRouter?: string | undefined; readonly name?: string | undefined; readonly vrid?: number | undefined; readonly family?: "ipv4" | "ipv6" | undefined; readonly node?: string | undefined; readonly reason?: "startup" | "shutdown" | "no-response" | "preempted" | "priority" | "higher-priority-backup" | "interface-up" | "interface-down" | "no-primary-ip-address" | "no-virtual-ip-addresses" | "no-peers" | "tracker" | "sync-group" | "stall" | "configuration" | "step-down" | "holding-lost" | undefined; readonly planned?: boolean | undefined; readonly late?: boolean | undefined; readonly from?: string | undefined; readonly to?: string | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Failover)[]
      readonly nextCursor: string | null
    }
    readonly lines: Failover | ExportEnd | ExportFailed
  }
  /** One failover with its evidence */
  readonly 'GET /api/v1/failovers/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: Failover
    readonly lines: never
  }
  /** Sites, by name */
  readonly 'GET /api/v1/sites': {
    readonly path: Record<never, never>
    readonly query: { readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Site)[]
      readonly nextCursor: string | null
    }
    readonly lines: never
  }
  /** Make a site */
  readonly 'POST /api/v1/sites': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: {
      readonly name: string
    }
    readonly answer: Site
    readonly lines: never
  }
  /** One site, by its id or name */
  readonly 'GET /api/v1/sites/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: Site
    readonly lines: never
  }
  /** Remove a site that has no nodes and no history */
  readonly 'DELETE /api/v1/sites/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: undefined
    readonly lines: never
  }
  /** Give a site another name */
  readonly 'PATCH /api/v1/sites/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: {
      readonly name: string
    }
    readonly answer: Site
    readonly lines: never
  }
  /** Everything as it happens (Server-Sent Events) */
  readonly 'GET /api/v1/stream': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: never
    readonly lines: never
  }
  /** Users, by name */
  readonly 'GET /api/v1/users': {
    readonly path: Record<never, never>
    readonly query: { readonly name?: string | undefined; readonly disabled?: "true" | "false" | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (User)[]
      readonly nextCursor: string | null
    }
    readonly lines: never
  }
  /** Make a user */
  readonly 'POST /api/v1/users': {
    readonly path: Record<never, never>
    readonly query: Record<never, never>
    readonly body: {
      readonly name: string
      readonly grants: readonly ({
        readonly role: "viewer" | "operator" | "author" | "approver" | "admin"
        readonly sites: readonly (string)[] | null
      })[]
      readonly password: {
        readonly generate: true
      } | string | null
    }
    readonly answer: CreatedUser
    readonly lines: never
  }
  /** One user, by id or name */
  readonly 'GET /api/v1/users/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: User
    readonly lines: never
  }
  /** Change what a user may, disable or enable it */
  readonly 'PATCH /api/v1/users/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: {
      readonly grants?: readonly ({
        readonly role: "viewer" | "operator" | "author" | "approver" | "admin"
        readonly sites: readonly (string)[] | null
      })[] | undefined
      readonly disabled?: boolean | undefined
    }
    readonly answer: User
    readonly lines: never
  }
  /** Give a user another password and end its sessions */
  readonly 'POST /api/v1/users/{id}/password': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: {
      readonly password: {
        readonly generate: true
      } | string
    }
    readonly answer: PasswordReset
    readonly lines: never
  }
  /** Virtual routers, by site and name */
  readonly 'GET /api/v1/virtual-routers': {
    readonly path: Record<never, never>
    readonly query: { readonly site?: string | undefined; readonly name?: string | undefined; readonly vrid?: number | undefined; readonly family?: "ipv4" | "ipv6" | undefined; readonly node?: string | undefined; readonly state?: VirtualRouterState | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (VirtualRouter)[]
      readonly nextCursor: string | null
    }
    readonly lines: never
  }
  /** One virtual router */
  readonly 'GET /api/v1/virtual-routers/{id}': {
    readonly path: { readonly id: string }
    readonly query: Record<never, never>
    readonly body: undefined
    readonly answer: VirtualRouter
    readonly lines: never
  }
  /** What was known of a virtual router, node by node, over a period */
  readonly 'GET /api/v1/virtual-routers/{id}/timeline': {
    readonly path: { readonly id: string }
    readonly query: { readonly from?: string | undefined; readonly to?: string | undefined }
    readonly body: undefined
    readonly answer: {
      readonly virtualRouter: string
      readonly from: string
      readonly to: string
      readonly states: readonly ({
        readonly from: string
        readonly to: string
        readonly state: "served" | "degraded" | "down" | "unknown" | "excluded"
        readonly active: readonly (string)[]
      })[]
      readonly nodes: readonly ({
        readonly agentId: string
        readonly node: string
        readonly roles: readonly ({
          readonly from: string
          readonly to: string
          readonly role: "initialize" | "backup" | "active" | "fault" | null
          readonly unknownBecause: string | null
        })[]
      })[]
      readonly outages: readonly ({
        readonly from: string
        readonly to: string
        readonly durationMs: number
        readonly failover: string | null
        readonly outageMs: number | null
      })[]
      readonly gaps: readonly ({
        readonly agentId: string
        readonly node: string
        readonly from: string
        readonly to: string
        readonly cause: string
        readonly events: number | null
      })[]
    }
    readonly lines: never
  }
}

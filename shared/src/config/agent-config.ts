import type { Family } from '../network/address.ts'
import {
  ANNOUNCEMENT_DEFAULTS,
  type AnnouncementGroup,
  type AnnouncementSettings,
} from './announcements-config.ts'
import {
  BFD_AGENT_DEFAULTS,
  BFD_ROUTER_DEFAULTS,
  type BfdAgentSettings,
  type BfdRouterSettings,
} from './bfd-config.ts'
import {
  ELECTION_DEFAULTS,
  type ElectionSettings,
  STARTUP_DEFAULTS,
  type StartupSettings,
} from './election-config.ts'
import {
  AGENT_HOLDINGS_DEFAULTS,
  type AgentHoldingsSettings,
  ROUTER_HOLDINGS_DEFAULTS,
  type RouterHoldingsSettings,
  type VirtualAddress,
} from './holdings-config.ts'
import {
  NOTIFICATION_DEFAULTS,
  NOTIFY_DEFAULTS,
  type NotificationSettings,
  type NotifySettings,
} from './notify-config.ts'
import { SYNC_GROUP_DEFAULTS, type SyncGroupSettings } from './sync-group-config.ts'
import {
  ROUTER_TRACKING_DEFAULTS,
  type RouterTrackingSettings,
  TRACKING_DEFAULTS,
  type TrackingSettings,
} from './tracking-config.ts'
import { TRANSPORT_DEFAULTS, type TransportSettings } from './transport-config.ts'
import {
  FIREWALL_DEFAULTS,
  type FirewallSettings,
  VIRTUAL_LINK_DEFAULTS,
  type VirtualLinkSettings,
} from './virtual-link-config.ts'

/** A checked agent config: every default filled in, every duration in milliseconds. What the router process is given. */
export interface AgentConfig extends AgentSettings {
  readonly node: string
  readonly virtualRouters: readonly VirtualRouterConfig[]
}

/** What a config may leave out, whole. */
export interface AgentSettings
  extends BfdAgentSettings,
    TrackingSettings,
    AgentHoldingsSettings,
    StartupSettings,
    SyncGroupSettings,
    FirewallSettings {
  readonly announcementGroups: readonly AnnouncementGroup[]
  readonly notifications: NotificationSettings
}

/** What holds for an agent whose config says nothing of it. */
export const AGENT_DEFAULTS: AgentSettings = {
  ...BFD_AGENT_DEFAULTS,
  ...TRACKING_DEFAULTS,
  ...AGENT_HOLDINGS_DEFAULTS,
  ...STARTUP_DEFAULTS,
  ...SYNC_GROUP_DEFAULTS,
  ...FIREWALL_DEFAULTS,
  announcementGroups: [],
  notifications: NOTIFICATION_DEFAULTS,
}

export interface VirtualRouterConfig extends VirtualRouterSettings {
  readonly name: string
  readonly interface: string
  readonly vrid: number
  readonly family: Family
  /** In the order they are advertised; at least one. */
  readonly addresses: readonly VirtualAddress[]
}

/** What a virtual router's config may leave out. */
export interface VirtualRouterSettings
  extends BfdRouterSettings,
    TransportSettings,
    RouterTrackingSettings,
    RouterHoldingsSettings,
    ElectionSettings,
    VirtualLinkSettings {
  readonly version: 2 | 3
  /** 1–255; 255 is the owner of the addresses (RFC 9568 §6.1). */
  readonly priority: number
  readonly advertisementIntervalMs: number
  readonly preempt: { readonly enabled: boolean; readonly delayMs: number }
  /** `ah`: signed by an authentication header (RFC 2402) instead of a password in clear. */
  readonly authentication:
    | { readonly type: 'none' }
    | { readonly type: 'simple' | 'ah'; readonly password: string }
  /** VRRPv3 over IPv4 only: whether sent checksums cover the IPv4 pseudo-header. Both forms are always accepted. */
  readonly checksum: 'pseudo-header' | 'message-only'
  readonly announcements: AnnouncementSettings
  readonly notify: NotifySettings
}

/**
 * What holds for a virtual router whose config says nothing of it. Also what completes a `running-config.json` that an
 * older agent wrote: a setting it did not know has the value it behaved by, or the default is wrong.
 */
export const ROUTER_DEFAULTS: VirtualRouterSettings = {
  ...BFD_ROUTER_DEFAULTS,
  ...ROUTER_HOLDINGS_DEFAULTS,
  ...VIRTUAL_LINK_DEFAULTS,
  version: 3,
  priority: 100,
  advertisementIntervalMs: 1_000,
  preempt: { enabled: true, delayMs: 0 },
  authentication: { type: 'none' },
  checksum: 'pseudo-header',
  ...ELECTION_DEFAULTS,
  announcements: ANNOUNCEMENT_DEFAULTS,
  notify: NOTIFY_DEFAULTS,
  ...TRANSPORT_DEFAULTS,
  ...ROUTER_TRACKING_DEFAULTS,
}

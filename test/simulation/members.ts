/** One virtual router on several nodes, as far as it can be told from outside. */
import { portName } from '@aloft/agent/simulated/host'
import { GROUP } from '@aloft/agent/vrrp/virtual-router'
import { isOwnAddress } from '@aloft/agent/world/links'
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Address, Family } from '@aloft/shared/network/address'
import { isLinkLocal } from '@aloft/shared/network/scope'
import type { Role, TransitionBody } from '@aloft/shared/protocol/events'
import { idOf, type Node, type Run } from './node.ts'
import type { DeedOfRouter } from './transition-rules.ts'

/** Something that must never be was. The message names the invariant and the circumstances. */
export class BrokenInvariant extends Error {}

/** On one node. */
export interface Member {
  readonly node: Node
  /** Of name and family (`idOf`). */
  readonly id: string
  readonly family: Family
  readonly group: Group
  run: Run | null
  role: Role
  written: { readonly of: Node['routers']; readonly config: VirtualRouterConfig } | null
  /** In host time. */
  backupSinceMs: number
  /** In true time. */
  lastSentMs: number
  lastAnnouncedMs: number
  /** Until when, in true time, it may hold its addresses without being active. */
  mayHoldUntilMs: number
  /** How it ceased to be active; null while it is, and where it never was. */
  leftBy: TransitionBody['reason'] | null
  /** Whom its word on leaving could reach. */
  leftBefore: readonly Member[]
  /** When, as an active, it could last hear another active's advertisement. */
  provokedAtMs: number
  /** When, in true time, it became active last. */
  activeSinceMs: number
  sent: number
  /** Whom its last advertisement has gone to so far, in this instant. */
  copiedTo: Set<Address>
  becameActive: number
  readonly sentAtMs: number[]
  /** What it did in this instant since its last journal entry. */
  deeds: DeedOfRouter[]
}

/** The same virtual router on every node of a segment. */
export interface Group {
  readonly id: string
  /** A sync group names its members so. */
  readonly name: string
  readonly members: Member[]
  /** When, in true time, one of them became active. */
  readonly activations: number[]
}

/** By id. */
export function groupsOf(nodes: readonly Node[]): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const node of nodes)
    for (const router of node.routers) {
      const id = idOf(router)
      const group = groups.get(id) ?? { id, name: router.name, members: [], activations: [] }
      groups.set(id, group)
      group.members.push(newMember(node, router.family, group))
    }
  return groups
}

/** As it is written. */
export function writtenOf(member: Member): VirtualRouterConfig {
  const { node, id, family, group, written } = member
  // Asked after every step of every run.
  if (written?.of === node.routers) return written.config
  const config = node.routers.find((router) => router.name === group.name && router.family === family)
  if (config === undefined) throw new Error(`${node.name} has no router ${id}`)
  member.written = { of: node.routers, config }
  return config
}

/** With the priority that its trackers leave it (keepalived-and-vrrp.md §1.9: within 1 to 254, the owner's never moves). */
export function configOf(member: Member): VirtualRouterConfig {
  const config = writtenOf(member)
  if (config.priority === 255 || config.track.length === 0) return config
  return { ...config, priority: Math.min(254, Math.max(1, config.priority + member.node.level)) }
}

export function portOf(member: Member): string {
  return portName(member.node.name, writtenOf(member).interface)
}

/** What it advertises from while its host has the addresses it was described with. */
export function sourceOf(member: Member): Address | null {
  const { interface: name, family, unicast } = writtenOf(member)
  const { ipv4, ipv6 = null, others = [] } = member.node.host.description(name)
  if (family === 'ipv4') return ipv4
  // Peers beyond the link cannot answer to a link-local address (decision 0012).
  return unicast?.peers.some((peer) => !isLinkLocal(peer.address)) ? (others[0] ?? ipv6) : ipv6
}

/** Whether its advertisements may come from an address; its own addresses will do for their owner. */
export function advertisesFrom(member: Member, source: string): boolean {
  const { priority, addresses } = writtenOf(member)
  return sourceOf(member) === source || (priority === 255 && addresses[0]?.address === source)
}

/** Whether it may send there what it says: to the group, or to each of its peers but its own host. */
export function speaksTo(member: Member, destination: Address): boolean {
  const { unicast, family, interface: name } = writtenOf(member)
  if (unicast === null) return destination === GROUP[family]
  const link = member.node.host.state(name)
  const isItself = link !== null && isOwnAddress(link, destination)
  return !isItself && unicast.peers.some((peer) => peer.address === destination)
}

/** Equal in priority and address: nothing can decide between them. */
export function isTied(a: Member, b: Member): boolean {
  return configOf(a).priority === configOf(b).priority && sourceOf(a) === sourceOf(b)
}

/** The members of its node that are active together with it; empty: it moves on its own. */
export function isGrouped({ node, group }: Member): boolean {
  return node.groupOf(group.name).length > 0
}

export function describe({ node, id }: Member): string {
  return `${node.name} ${id}`
}

export function resetCounters(member: Member): void {
  member.sent = 0
  member.becameActive = 0
}

function newMember(node: Node, family: Family, group: Group): Member {
  return {
    node,
    id: group.id,
    family,
    group,
    run: null,
    role: 'initialize',
    written: null,
    backupSinceMs: 0,
    lastSentMs: 0,
    lastAnnouncedMs: 0,
    leftBy: null,
    leftBefore: [],
    mayHoldUntilMs: -1,
    provokedAtMs: -1,
    activeSinceMs: -1,
    sent: 0,
    copiedTo: new Set(),
    becameActive: 0,
    sentAtMs: [],
    deeds: [],
  }
}

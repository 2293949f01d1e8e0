/**
 * The LAN of a simulated site: who is active there, and what each node observes of it, in the words of the real router
 * (`agent/src/router/loop`). Nothing is sent on a wire; the nodes simply know, after the time VRRP takes to notice.
 */
import type { EventBody, Heard, Role, TransitionReason } from '@aloft/shared/protocol/events'
import type { RouterState } from '@aloft/shared/protocol/frames'
import { between, chance, type Entropy, pick } from '../../agent/src/simulated/entropy.ts'
import type { HostClock } from './host-clock.ts'
import type { MemorySpool } from './memory-spool.ts'

export interface SiteNode {
  readonly name: string
  readonly spool: MemorySpool
  readonly clock: HostClock
  readonly address: string
  readonly priority: number
  role: Role
  sinceWallMs: number
  /** Takes part in VRRP: the host is up and on its LAN. */
  onLan: boolean
  /** When it was not, by the simulation's own clock (`performance.now()`); the last one may be open. */
  readonly away: { readonly fromMs: number; toMs: number | null }[]
}

/** A backup notices the silence of its active after three advertisement intervals and its skew; here 100 ms ones. */
const NOTICE_MS = 330

export class SimulatedSite {
  readonly name: string
  readonly nodes: readonly SiteNode[]
  readonly #entropy: Entropy
  readonly #vrid: number
  #timers = new Set<NodeJS.Timeout>()
  #lastHeard: { readonly node: SiteNode; readonly atMs: number } | null = null

  constructor(name: string, nodes: readonly SiteNode[], entropy: Entropy) {
    this.name = name
    this.nodes = nodes
    this.#entropy = entropy
    this.#vrid = 1 + Math.floor(entropy.next() * 255)
  }

  start(): void {
    for (const node of this.nodes) this.#join(node)
    const first = this.#best()
    if (first !== null) this.#change(first, 'active', { reason: 'priority' })
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  /** Nothing more happens by itself: no election is under way. */
  get isStill(): boolean {
    return this.#timers.size === 0
  }

  get active(): SiteNode | null {
    return this.nodes.find(({ role, onLan }) => onLan && role === 'active') ?? null
  }

  /** The host dies or is cut off: it observes nothing (more), and its peers take over when they miss it. */
  leave(node: SiteNode): void {
    if (!node.onLan) return
    const wasActive = node.role === 'active'
    if (wasActive) this.#lastHeard = { node, atMs: performance.now() }
    node.onLan = false
    node.role = 'initialize'
    node.away.push({ fromMs: performance.now(), toMs: null })
    if (wasActive) this.#after(NOTICE_MS + between(this.#entropy, 0, 60), () => this.#elect('no-response'))
  }

  /** It starts anew, and preempts a lesser active. */
  comeBack(node: SiteNode): void {
    if (node.onLan) return
    node.onLan = true
    const away = node.away.at(-1)
    if (away !== undefined) away.toMs = performance.now()
    this.#join(node)
    this.#after(NOTICE_MS, () => {
      const { active } = this
      if (!node.onLan || node.role === 'active') return
      if (active === null) this.#elect('priority')
      else if (active.priority < node.priority) this.#handOver(active, node)
    })
  }

  /** An operator or a tracker has the active give its role away. */
  stepDown(): void {
    const { active } = this
    const others = this.nodes.filter((node) => node.onLan && node !== active)
    if (active !== null && others.length > 0) this.#handOver(active, pick(this.#entropy, others))
  }

  /** Something small that is seen on one host. */
  notice(node: SiteNode): void {
    if (!node.onLan) return
    const up = chance(this.#entropy, 0.5)
    const bodies: readonly EventBody[] = [
      { kind: 'link', interface: 'eth1', up },
      {
        kind: 'tracker',
        tracker: 'script',
        name: 'haproxy',
        state: up ? 'up' : 'down',
        value: null,
        why: 'exit code 1',
        output: null,
      },
      { kind: 'process', process: 'router', what: 'started', runId: 'r1', detail: null },
      {
        kind: 'protocol-error',
        interface: 'eth0',
        vrid: null,
        reason: 'ip-ttl',
        source: '192.0.2.66',
        count: 17,
        windowMs: 60_000,
      },
    ]
    node.spool.observe(node.clock.now(), pick(this.#entropy, bodies))
  }

  /** What the router of a node answers its steward. */
  routersOf(node: SiteNode): readonly RouterState[] | null {
    if (!node.onLan) return null
    const { active } = this
    return [
      {
        ...this.#reference(),
        version: 3,
        role: node.role,
        sinceWallMs: node.sinceWallMs,
        priority: node.priority,
        advertisementIntervalMs: 100,
        addresses: ['192.0.2.100/24'],
        active: active === null ? null : { address: active.address, priority: active.priority },
      },
    ]
  }

  #join(node: SiteNode): void {
    node.role = 'initialize'
    this.#change(node, 'backup', { reason: 'startup' })
  }

  #elect(reason: TransitionReason): void {
    const best = this.#best()
    if (this.active !== null || best === null) return
    const silent = reason === 'no-response' ? this.#lastHeard : null
    const heard =
      silent === null
        ? null
        : {
            address: silent.node.address,
            priority: silent.node.priority,
            agoMs: performance.now() - silent.atMs,
          }
    this.#change(best, 'active', { reason, heard, outageMs: heard === null ? null : heard.agoMs + 0.4 })
  }

  #handOver(from: SiteNode, to: SiteNode): void {
    const heard = { address: from.address, priority: from.priority, agoMs: between(this.#entropy, 0, 100) }
    this.#change(to, 'active', { reason: 'preempted', heard, outageMs: heard.agoMs + 0.2 })
    this.#change(from, 'backup', {
      reason: 'higher-priority-backup',
      heard: { address: to.address, priority: to.priority, agoMs: 0.1 },
    })
  }

  #change(
    node: SiteNode,
    to: Role,
    why: {
      readonly reason: TransitionReason
      readonly heard?: Heard | null
      readonly outageMs?: number | null
    },
  ): void {
    const from = node.role
    node.role = to
    node.sinceWallMs = node.clock.wallMs()
    node.spool.observe(node.clock.now(), {
      kind: 'transition',
      ...this.#reference(),
      from,
      to,
      reason: why.reason,
      priority: node.priority,
      heard: why.heard ?? null,
      source: node.address,
      outageMs: why.outageMs ?? null,
      addresses: ['192.0.2.100/24'],
    })
  }

  #reference() {
    return { virtualRouter: 'web', vrid: this.#vrid, family: 'ipv4' as const, interface: 'eth0' }
  }

  #best(): SiteNode | null {
    return this.nodes
      .filter(({ onLan }) => onLan)
      .reduce<SiteNode | null>(
        (best, node) => (best === null || node.priority > best.priority ? node : best),
        null,
      )
  }

  #after(delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, delayMs)
    this.#timers.add(timer)
  }
}

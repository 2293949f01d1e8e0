/** A LAN of nodes under virtual time, and everything that is observed on it, in order. */
import { VirtualTime } from '@aloft/agent/simulated/clock'
import type { Entropy } from '@aloft/agent/simulated/entropy'
import { type Deed, type HostSpec, portName, SimulatedHost } from '@aloft/agent/simulated/host'
import { Lan } from '@aloft/agent/simulated/lan'
import {
  AGENT_DEFAULTS,
  type AgentSettings,
  type VirtualRouterConfig,
} from '@aloft/shared/config/agent-config'
import type { EventBody } from '@aloft/shared/protocol/events'
import { type Hearing, Node } from './node.ts'
import type { Skew } from './skewed-clock.ts'
import { Stranger } from './stranger.ts'

/** Something seen, at a true time. */
export type Sight =
  | { readonly kind: 'deed'; readonly atMs: number; readonly node: Node; readonly deed: Deed }
  | { readonly kind: 'journal'; readonly atMs: number; readonly node: Node; readonly body: EventBody }
  /** A process is about to look at something it received. */
  | { readonly kind: 'hearing'; readonly atMs: number; readonly node: Node; readonly hearing: Hearing }
  /** Somebody did something to the LAN: a fault, a command of a scenario. */
  | { readonly kind: 'intervention'; readonly atMs: number; readonly text: string }

export interface NodeSpec {
  readonly host: HostSpec
  readonly skew: Skew
  readonly routers: readonly VirtualRouterConfig[]
  /** The defaults unless given. */
  readonly settings?: AgentSettings
}

export class LanSimulation {
  readonly time = new VirtualTime()
  readonly lan: Lan
  readonly nodes: readonly Node[]
  readonly stranger: Stranger
  readonly #watchers: ((sight: Sight) => void)[] = []

  constructor(specs: readonly NodeSpec[], options: { entropy: Entropy; records?: boolean }) {
    this.lan = new Lan(this.time, options.entropy)
    const byName = new Map<string, Node>()
    this.nodes = specs.map((spec) => {
      const host = new SimulatedHost(spec.host, {
        lan: this.lan,
        time: this.time,
        entropy: options.entropy,
        observe: (deed) => this.#see(byName.get(deed.host), (node) => ({ kind: 'deed', node, deed })),
      })
      const node = new Node({
        host,
        time: this.time,
        skew: spec.skew,
        routers: spec.routers,
        settings: spec.settings ?? AGENT_DEFAULTS,
        records: options.records ?? false,
        observe: (subject, body) => this.#see(subject, () => ({ kind: 'journal', node: subject, body })),
        hear: (subject, hearing) => this.#see(subject, () => ({ kind: 'hearing', node: subject, hearing })),
      })
      byName.set(node.name, node)
      return node
    })
    const segments = specs.flatMap(({ host }) => host.interfaces.map(({ segment }) => segment))
    this.stranger = new Stranger(this.lan, [...new Set(segments)])
  }

  watch(watcher: (sight: Sight) => void): void {
    this.#watchers.push(watcher)
  }

  /** Says in the log what is being done, then does it. */
  intervene(text: string, act: () => void): void {
    this.#tell({ kind: 'intervention', atMs: this.time.now(), text })
    act()
  }

  node(name: string): Node {
    const found = this.nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`no node ${name}`)
    return found
  }

  /** Blocks every interface of one node from reaching the other, in that direction only. */
  block(from: Node, to: Node): void {
    for (const a of portsOf(from)) for (const b of portsOf(to)) this.lan.block(a, b)
  }

  #see(node: Node | undefined, sight: (node: Node) => DistributiveOmit<Sight, 'atMs'>): void {
    if (node) this.#tell({ ...sight(node), atMs: this.time.now() })
  }

  #tell(sight: Sight): void {
    for (const watcher of this.#watchers) watcher(sight)
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

export function portsOf(node: Node): string[] {
  return node.routers
    .map((router) => portName(node.name, router.interface))
    .filter((port, i, all) => all.indexOf(port) === i)
}

/**
 * What the kernel of one host does for a router, on a simulated LAN: links, group membership, addresses, a neighbour
 * table. Like a kernel it outlives the router process: when that dies, its sockets close and its addresses stay.
 */
import { type Address, type Family, familyOf } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import { isMulticast } from '@aloft/shared/network/scope'
import { byDevice, type HeldAddress, type HeldItem, type Holding, type Holdings } from '../world/holdings.ts'
import type {
  Datagram,
  Endpoint,
  LinkState,
  Links,
  OutgoingPacket,
  RouterInput,
} from '../world/router-world.ts'
import { type BfdFrame, SimulatedBfd } from './bfd-links.ts'
import type { Scheduler } from './clock.ts'
import { type Entropy, seededEntropy } from './entropy.ts'
import type { Frame, Lan } from './lan.ts'

/** Its networks are a /24 and a /64. */
export interface InterfaceSpec {
  readonly name: string
  readonly segment: string
  readonly ipv4: Address | null
  /** Link-local. */
  readonly ipv6?: Address | null
  readonly others?: readonly Address[]
}
export interface HostSpec {
  readonly name: string
  readonly interfaces: readonly InterfaceSpec[]
}

/** Something a router did through its host, for logs and for invariants. */
export type Deed = { readonly host: string; readonly interfaceName: string } & (
  | ({ readonly did: 'send'; readonly sent: boolean } & OutgoingPacket)
  | ({ readonly did: 'send-bfd'; readonly sent: boolean } & OutgoingPacket)
  | { readonly did: 'acquire' | 'release' | 'announce'; readonly addresses: readonly Address[] }
)

/** The part of a RouterInput that a host speaks to. */
export type HostInput = Pick<RouterInput, 'datagram' | 'linkChanged' | 'holdingFailed' | 'holdingLost'> &
  Partial<Pick<RouterInput, 'bfd'>>

interface Interface {
  readonly spec: InterfaceSpec
  readonly port: string
  ipv4: Address | null
  ipv6: Address | null
  isUp: boolean
  readonly open: Map<string, Endpoint>
  readonly held: Map<Address, Prefix>
}

interface HostSurroundings {
  readonly lan: Lan
  readonly time: Scheduler
  readonly observe?: (deed: Deed) => void
  /** What BFD draws from; left out, the same numbers each time. */
  readonly entropy?: Entropy
}

export class SimulatedHost implements Links, Holdings {
  readonly name: string
  readonly bfd: SimulatedBfd
  readonly #lan: Lan
  readonly #time: Scheduler
  readonly #observe: (deed: Deed) => void
  readonly #interfaces = new Map<string, Interface>()
  /** Which host the last announcement heard put an address at: what an ARP cache would answer. */
  readonly #neighbours = new Map<Address, string>()
  readonly #holdings = new Map<string, { readonly holding: Holding; cancel: (() => void) | null }>()
  #input: HostInput | null = null

  constructor(spec: HostSpec, world: HostSurroundings) {
    this.name = spec.name
    this.#lan = world.lan
    this.#time = world.time
    this.#observe = world.observe ?? (() => {})
    for (const each of spec.interfaces) this.#addInterface(each)
    this.bfd = new SimulatedBfd(this.#waysOfBfd(), world.entropy ?? seededEntropy(0))
  }

  /** A router process starts on this host. */
  connect(input: HostInput): void {
    this.#input = input
  }

  /** The router process is gone: sockets close, addresses stay where they are. */
  disconnect(): void {
    this.#input = null
    this.bfd.closeAll()
    for (const each of this.#interfaces.values()) each.open.clear()
  }

  /** The power fails: nothing the host held survives. */
  powerOff(): void {
    this.disconnect()
    this.#neighbours.clear()
    for (const { cancel } of this.#holdings.values()) cancel?.()
    this.#holdings.clear()
    for (const each of this.#interfaces.values()) each.held.clear()
  }

  /** Takes an interface (with its cable) down or up, or changes its primary addresses; the router is told. */
  change(
    interfaceName: string,
    change: { isUp?: boolean; ipv4?: Address | null; ipv6?: Address | null },
  ): void {
    const found = this.#interface(interfaceName)
    if (change.isUp !== undefined) {
      found.isUp = change.isUp
      // As Linux does: without carrier, what was known of the neighbours is forgotten.
      if (!change.isUp) this.#neighbours.clear()
      this.#lan.setLinked(found.port, change.isUp)
    }
    if (change.ipv4 !== undefined) found.ipv4 = change.ipv4
    if (change.ipv6 !== undefined) found.ipv6 = change.ipv6
    this.#input?.linkChanged(interfaceName)
  }

  /** Puts an interface back as it was described: up, with its own addresses. */
  restore(interfaceName: string): void {
    const { ipv4, ipv6 = null } = this.#interface(interfaceName).spec
    this.change(interfaceName, { isUp: true, ipv4, ipv6 })
  }

  /** The address and the segment an interface was described with. */
  description(interfaceName: string): InterfaceSpec {
    return this.#interface(interfaceName).spec
  }

  /** Virtual addresses held now, on one interface or on all. */
  held(interfaceName?: string): Prefix[] {
    const all = [...this.#interfaces.values()]
    return all
      .filter(({ spec }) => interfaceName === undefined || spec.name === interfaceName)
      .flatMap(({ held }) => [...held.values()])
  }

  /** Whether it has that virtual address on that interface. */
  holds(interfaceName: string, address: Address): boolean {
    return this.#interface(interfaceName).held.has(address)
  }

  /** The host this one would send packets for an address to; null when it never heard of the address. */
  neighbour(address: Address): string | null {
    return this.#neighbours.get(address) ?? null
  }

  open(endpoint: Endpoint): void {
    this.#interfaces.get(endpoint.interfaceName)?.open.set(keyOf(endpoint), endpoint)
  }

  close(endpoint: Endpoint): void {
    this.#interfaces.get(endpoint.interfaceName)?.open.delete(keyOf(endpoint))
  }

  /** A simulated host tells of every interface. */
  watch(): void {}
  unwatch(): void {}

  state(interfaceName: string): LinkState | null {
    const found = this.#interfaces.get(interfaceName)
    if (found === undefined) return null
    const { isUp: up, ipv4, ipv6, spec } = found
    return { up, ipv4, ipv6, others: spec.others ?? [], prefixes: ownAddresses(found).map(prefixOf) }
  }

  send(interfaceName: string, packet: OutgoingPacket): boolean {
    const found = this.#interfaces.get(interfaceName)
    const frame: Frame = { kind: 'vrrp', family: familyOf(packet.source), ...packet }
    const sent = found !== undefined && this.#lan.send(found.port, frame)
    this.#observe({ host: this.name, interfaceName, did: 'send', sent, ...packet })
    return sent
  }

  acquire(holding: Holding): void {
    const before = this.#holdings.get(holding.holder)
    if (before !== undefined) this.#giveUp(before.holding, holding)
    for (const [interfaceName, addresses] of byDevice(holding.addresses)) {
      const found = this.#interfaces.get(interfaceName)
      if (found === undefined) this.#refuse(holding, addresses)
      for (const { address, prefixLength } of addresses) found?.held.set(address, { address, prefixLength })
      this.#note('acquire', interfaceName, addresses)
    }
    this.#holdings.set(holding.holder, { holding, cancel: this.#beginLease(holding, before?.cancel) })
  }

  release(holding: Holding): void {
    this.#holdings.get(holding.holder)?.cancel?.()
    this.#holdings.delete(holding.holder)
    for (const [interfaceName, addresses] of byDevice(holding.addresses)) {
      this.#drop(interfaceName, addresses)
      this.#note('release', interfaceName, addresses)
    }
  }

  /** As Linux does: what is renewed and not there is there again. */
  renew(holdings: readonly Holding[]): void {
    for (const holding of holdings) {
      for (const { device, address, prefixLength } of holding.addresses)
        this.#interfaces.get(device)?.held.set(address, { address, prefixLength })
      const cancel = this.#beginLease(holding, this.#holdings.get(holding.holder)?.cancel)
      this.#holdings.set(holding.holder, { holding, cancel })
    }
  }

  /** Somebody on the host removes what the holder has; its router is told. */
  takeAway(holder: string): void {
    const held = this.#holdings.get(holder)
    if (held) this.#lose(held.holding)
  }

  announce(interfaceName: string, prefixes: readonly Prefix[]): void {
    const found = this.#interfaces.get(interfaceName)
    const addresses = prefixes.map(({ address }) => address)
    for (const address of addresses) this.#neighbours.set(address, this.name)
    if (found) this.#lan.send(found.port, { kind: 'announcement', addresses })
    this.#note('announce', interfaceName, prefixes)
  }

  #addInterface(spec: InterfaceSpec): void {
    const port = portName(this.name, spec.name)
    const { name, segment, ipv4, ipv6 = null } = spec
    const added: Interface = { spec, port, ipv4, ipv6, isUp: true, open: new Map(), held: new Map() }
    this.#interfaces.set(name, added)
    this.#lan.plug(
      port,
      segment,
      (frame, from) => this.#receive(added, frame, from.name),
      (frame) => isForPort(added, frame),
    )
  }

  #waysOfBfd() {
    return {
      interfaces: [...this.#interfaces.keys()],
      primary: (interfaceName: string, family: Family) => this.#interface(interfaceName)[family],
      prefixes: (interfaceName: string) => ownAddresses(this.#interface(interfaceName)).map(prefixOf),
      has: (interfaceName: string, address: Address) => isAt(this.#interface(interfaceName), address),
      transmit: (interfaceName: string, frame: BfdFrame) => {
        const sent = this.#lan.send(this.#interface(interfaceName).port, frame)
        const { source, destination, ttl, payload } = frame
        const packet = { source, destination, ttl, payload }
        this.#observe({ host: this.name, interfaceName, did: 'send-bfd', sent, ...packet })
        return sent
      },
    }
  }

  #receive(on: Interface, frame: Frame, fromPort: string): void {
    if (frame.kind === 'announcement') {
      for (const address of frame.addresses) this.#neighbours.set(address, hostOfPort(fromPort))
      return
    }
    if (frame.kind === 'bfd') {
      const heard = this.bfd.received(on.spec.name, frame)
      if (heard !== null) this.#input?.bfd?.(heard)
      return
    }
    if (!isHeard(on, frame)) return
    const { kind: _, ...fields } = frame
    const datagram: Datagram = { interfaceName: on.spec.name, ...fields }
    this.#input?.datagram(datagram)
  }

  /** Addresses that the same holder had and no longer wants. */
  #giveUp(before: Holding, now: Holding): void {
    const wanted = new Set(now.addresses.map(({ address, device }) => `${device} ${address}`))
    for (const [interfaceName, addresses] of byDevice(before.addresses)) {
      const unwanted = addresses.filter(({ address }) => !wanted.has(`${interfaceName} ${address}`))
      this.#drop(interfaceName, unwanted)
    }
  }

  #drop(interfaceName: string, addresses: readonly HeldAddress[]): void {
    for (const { address } of addresses) {
      this.#interfaces.get(interfaceName)?.held.delete(address)
      if (this.#neighbours.get(address) === this.name) this.#neighbours.delete(address)
    }
  }

  /** Like a kernel's: it ends whether the process lives or not. */
  #beginLease(holding: Holding, cancelBefore: (() => void) | null | undefined): (() => void) | null {
    cancelBefore?.()
    if (holding.leaseMs === null) return null
    return this.#time.at(this.#time.now() + holding.leaseMs, () => this.#lose(holding))
  }

  #lose({ holder, addresses }: Holding): void {
    for (const [interfaceName, some] of byDevice(addresses)) this.#drop(interfaceName, some)
    const lost = addresses.map((address): HeldItem => ({ kind: 'address', address }))
    this.#input?.holdingLost({ holder, lost, byPort: null })
  }

  /** Like netlink, the refusal arrives later, never inside the call. */
  #refuse({ holder }: Holding, addresses: readonly HeldAddress[]): void {
    this.#time.at(this.#time.now(), () => {
      for (const { address, prefixLength, device } of addresses) {
        const what = `${address}/${prefixLength} dev ${device}`
        const error = `no interface ${device}`
        this.#input?.holdingFailed({ holder, kind: 'address', what, error, remedy: null })
      }
    })
  }

  #note(did: 'acquire' | 'release' | 'announce', interfaceName: string, prefixes: readonly Prefix[]): void {
    const addresses = prefixes.map(({ address }) => address)
    this.#observe({ host: this.name, interfaceName, did, addresses })
  }

  #interface(name: string): Interface {
    const found = this.#interfaces.get(name)
    if (found === undefined) throw new Error(`host ${this.name} has no interface ${name}`)
    return found
  }
}

/** The LAN's name for a host's interface. */
export function portName(host: string, interfaceName: string): string {
  return `${host}/${interfaceName}`
}

function hostOfPort(port: string): string {
  return port.slice(0, port.lastIndexOf('/'))
}

function keyOf({ family, group, isAuthenticated }: Endpoint): string {
  return `${family} ${group} ${isAuthenticated}`
}

/** The host's own, not those of its virtual routers. */
function ownAddresses({ ipv4, ipv6, spec }: Interface): Address[] {
  return [ipv4, ipv6, ...(spec.others ?? [])].filter((address) => address !== null)
}

function prefixOf(address: Address): Prefix {
  return { address, prefixLength: familyOf(address) === 'ipv4' ? 24 : 64 }
}

function isAt({ held, ipv4, ipv6, spec }: Interface, address: Address): boolean {
  return (
    address === ipv4 || address === ipv6 || held.has(address) || (spec.others?.includes(address) ?? false)
  )
}

function isForPort(on: Interface, frame: Frame): boolean {
  if (frame.kind === 'announcement' || isAt(on, frame.destination)) return true
  return frame.kind === 'vrrp' && isMulticast(frame.destination)
}

/** Sent to a group that was joined, or to this host. */
function isHeard(on: Interface, frame: Extract<Frame, { kind: 'vrrp' }>): boolean {
  const isOwn = isAt(on, frame.destination)
  return [...on.open.values()].some(
    ({ family, group, isAuthenticated }) =>
      family === frame.family &&
      isAuthenticated === (frame.authenticated !== undefined) &&
      (isOwn || group === frame.destination),
  )
}

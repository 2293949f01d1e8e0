/**
 * A LAN with hosts, served to router processes over a unix socket: what `aloft demo` runs on when it may not make
 * network namespaces. The routers are the real processes; only their `links` and `holdings` come from here.
 */
import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { Address } from '@aloft/shared/network/address'
import { realTime } from './clock.ts'
import { seededEntropy } from './entropy.ts'
import { type Deed, type HostInput, type HostSpec, portName, SimulatedHost } from './host.ts'
import { type Conditions, Lan } from './lan.ts'
import { eachLine, type FromLan, type LeftAddress, type ToLan } from './lan-messages.ts'

export interface SiteSpec {
  /** Where routers attach; a leftover socket file is replaced. */
  readonly socketPath: string
  readonly hosts: readonly HostSpec[]
  /** Of every segment; a perfect wire when left out. */
  readonly conditions?: Conditions
  /** Decides losses and delays. */
  readonly seed?: number
  readonly observe?: (deed: Deed) => void
}

/** Starts to serve. Rejects when the path cannot be listened on. */
export async function startSimulatedSite(spec: SiteSpec): Promise<SimulatedSite> {
  const site = new SimulatedSite(spec)
  await site.listen(spec.socketPath)
  return site
}

interface Member {
  readonly host: SimulatedHost
  readonly spec: HostSpec
  attached: Socket | null
}

export class SimulatedSite {
  readonly #lan: Lan
  readonly #members = new Map<string, Member>()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(spec: SiteSpec) {
    const time = realTime(() => Number(process.hrtime.bigint()) / 1e6)
    this.#lan = new Lan(time, seededEntropy(spec.seed ?? 1))
    for (const each of spec.hosts) {
      const world = { lan: this.#lan, time, ...(spec.observe && { observe: spec.observe }) }
      this.#members.set(each.name, { spec: each, host: new SimulatedHost(each, world), attached: null })
      for (const { segment } of each.interfaces)
        if (spec.conditions) this.#lan.setConditions(segment, spec.conditions)
    }
    this.#server = createServer((socket) => this.#accept(socket))
  }

  /** For `startSimulatedSite`. */
  listen(socketPath: string): Promise<void> {
    rmSync(socketPath, { force: true })
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(socketPath, () => resolve())
    })
  }

  /** Pulls the cable of a host's interface, or puts it back. */
  setLink(host: string, interfaceName: string, isUp: boolean): void {
    this.#member(host).host.change(interfaceName, { isUp })
  }

  /** Cuts the site in two: no frame passes between `apart` and the others, while every cable stays in. */
  partition(apart: readonly string[]): void {
    const names = [...this.#members.keys()]
    for (const here of names.filter((name) => apart.includes(name)))
      for (const there of names.filter((name) => !apart.includes(name))) this.#block(here, there)
  }

  /** Ends every partition. */
  heal(): void {
    this.#lan.heal()
  }

  /** The hosts that hold a virtual address now: one, but for the moments of a failover and for partitions. */
  holders(address: Address): string[] {
    const members = [...this.#members.values()]
    return members
      .filter(({ host }) => host.held().some((prefix) => prefix.address === address))
      .map(({ host }) => host.name)
  }

  /** The host that `from` would send a packet for the address to, by the announcements it heard; null if none. */
  neighbour(from: string, address: Address): string | null {
    return this.#member(from).host.neighbour(address)
  }

  /** Ends every connection and removes the socket file. */
  close(): Promise<void> {
    this.#lan.close()
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #block(here: string, there: string): void {
    for (const mine of this.#member(here).spec.interfaces) {
      for (const theirs of this.#member(there).spec.interfaces) {
        const [a, b] = [portName(here, mine.name), portName(there, theirs.name)]
        this.#lan.block(a, b)
        this.#lan.block(b, a)
      }
    }
  }

  #accept(socket: Socket): void {
    let member: Member | null = null
    this.#sockets.add(socket)
    socket.setEncoding('utf8')
    socket.on(
      'data',
      eachLine((line) => {
        // Only this program's own router processes speak on this socket.
        const message = JSON.parse(line) as ToLan
        if (message.kind === 'attach') member = this.#attach(socket, message.host)
        else if (member) perform(member.host, message)
      }),
    )
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (member?.attached !== socket) return
      member.host.disconnect()
      member.attached = null
    })
  }

  #attach(socket: Socket, name: string): Member | null {
    const member = this.#members.get(name)
    const refusal =
      member === undefined
        ? `no host ${name} on this LAN`
        : member.attached && `host ${name} already has a router attached`
    if (member === undefined || refusal) {
      tell(socket, { kind: 'refused', why: refusal ?? '' })
      socket.end()
      return null
    }
    member.attached = socket
    tell(socket, { kind: 'attached', links: linksOf(member), held: heldOf(member) })
    member.host.connect(inputOver(socket, member.host))
    return member
  }

  #member(name: string): Member {
    const found = this.#members.get(name)
    if (found === undefined) throw new Error(`no host ${name} on this LAN`)
    return found
  }
}

/** What the host has to tell its router, written to the router's connection. */
function inputOver(socket: Socket, host: SimulatedHost): HostInput {
  return {
    datagram: (datagram) =>
      tell(socket, {
        kind: 'datagram',
        datagram: { ...datagram, payload: Buffer.from(datagram.payload).toString('hex') },
      }),
    linkChanged: (interfaceName) => {
      const state = host.state(interfaceName)
      if (state) tell(socket, { kind: 'link', interfaceName, state })
    },
    holdingFailed: (failure) => tell(socket, { kind: 'holding-failed', failure }),
    holdingLost: (loss) => tell(socket, { kind: 'holding-lost', loss }),
  }
}

function perform(host: SimulatedHost, message: Exclude<ToLan, { kind: 'attach' }>): void {
  switch (message.kind) {
    case 'open':
    case 'close':
      host[message.kind](message.endpoint)
      return
    case 'send':
      host.send(message.interfaceName, {
        ...message.packet,
        payload: Buffer.from(message.packet.payload, 'hex'),
      })
      return
    case 'acquire':
    case 'release':
      host[message.kind](message.holding)
      return
    case 'renew':
      host.renew(message.holdings)
      return
    case 'announce':
      host.announce(message.interfaceName, message.addresses)
  }
}

function linksOf({ host, spec }: Member) {
  return Object.fromEntries(
    spec.interfaces.flatMap(({ name }) => {
      const state = host.state(name)
      return state ? [[name, state] as const] : []
    }),
  )
}

function heldOf({ host, spec }: Member): LeftAddress[] {
  return spec.interfaces.flatMap(({ name }) =>
    host.held(name).map((prefix) => ({ interfaceName: name, prefix })),
  )
}

function tell(socket: Socket, message: FromLan): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

/**
 * A switch with segments (broadcast domains) and ports. A frame sent into a port comes out of every other port of its
 * segment, late, twice or not at all, as the segment's conditions and the faults between two ports have it.
 *
 * Frames between two ports never overtake each other: no Ethernet does that, and a router may rely on it.
 */
import type { Address, Family } from '@aloft/shared/network/address'
import type { Hops } from '../world/bfd-links.ts'
import type { OutgoingPacket } from '../world/links.ts'
import type { Cancel, Scheduler } from './clock.ts'
import { between, chance, type Entropy } from './entropy.ts'

/** What travels: a VRRP or a BFD datagram, or the announcement that an address is now at the sending port. */
export type Frame =
  | ({ readonly kind: 'vrrp'; readonly family: Family } & OutgoingPacket)
  | ({ readonly kind: 'bfd'; readonly hops: Hops } & Omit<OutgoingPacket, 'authenticated'>)
  | { readonly kind: 'announcement'; readonly addresses: readonly Address[] }

/** Chances are in [0, 1]; delays in milliseconds, uniform between the two. */
export interface Conditions {
  readonly loss: number
  readonly duplication: number
  readonly delayMs: readonly [min: number, max: number]
}

export const PERFECT: Conditions = { loss: 0, duplication: 0, delayMs: [0, 0] }

export interface Port {
  readonly name: string
  readonly segment: string
  /** Whether the cable is in: the port sees carrier, and frames pass. */
  readonly isLinked: boolean
}

interface PluggedPort extends Port {
  isLinked: boolean
  readonly receive: (frame: Frame, from: Port) => void
  readonly isFor: (frame: Frame) => boolean
}

export class Lan {
  readonly #time: Scheduler
  readonly #entropy: Entropy
  readonly #ports = new Map<string, PluggedPort>()
  readonly #conditions = new Map<string, Conditions>()
  readonly #blocked = new Set<string>()
  readonly #cloggedUntilMs = new Map<string, number>()
  readonly #lastArrivalMs = new Map<string, number>()
  readonly #underway = new Set<Cancel>()

  constructor(time: Scheduler, entropy: Entropy) {
    this.#time = time
    this.#entropy = entropy
  }

  /**
   * Adds a port. Throws when the name is taken: two hosts with one name are a mistake in the site's description.
   * `isFor`: whether the switch has learnt that a frame belongs there; left out, everything does.
   */
  plug(
    name: string,
    segment: string,
    receive: PluggedPort['receive'],
    isFor: PluggedPort['isFor'] = () => true,
  ): Port {
    if (this.#ports.has(name)) throw new Error(`port ${name} is already plugged in`)
    const port: PluggedPort = { name, segment, receive, isFor, isLinked: true }
    this.#ports.set(name, port)
    return port
  }

  /** Pulls the cable out or puts it back. Frames underway to an unplugged port are lost. */
  setLinked(name: string, isLinked: boolean): void {
    this.#port(name).isLinked = isLinked
  }

  setConditions(segment: string, conditions: Conditions): void {
    this.#conditions.set(segment, conditions)
  }

  conditions(segment: string): Conditions {
    return this.#conditions.get(segment) ?? PERFECT
  }

  /** Stops frames from one port to another, in that direction only. */
  block(from: string, to: string): void {
    this.#blocked.add(direction(from, to))
  }

  /** Removes every block. */
  heal(): void {
    this.#blocked.clear()
  }

  isBlocked(from: string, to: string): boolean {
    return this.#blocked.has(direction(from, to))
  }

  /** Holds back what one port sends to another until `untilMs`; then all of it arrives, in order. */
  clog(from: string, to: string, untilMs: number): void {
    this.#cloggedUntilMs.set(direction(from, to), untilMs)
  }

  /** Whether frames from one port reach the other at present, loss and delay aside. */
  canReach(from: string, to: string): boolean {
    const [a, b] = [this.#port(from), this.#port(to)]
    const isClogged = (this.#cloggedUntilMs.get(direction(from, to)) ?? 0) > this.#time.now()
    return a.segment === b.segment && a.isLinked && b.isLinked && !isClogged && !this.isBlocked(from, to)
  }

  /** Sends to every other port of the segment that the frame is for; false when the cable is out. */
  send(from: string, frame: Frame): boolean {
    const sender = this.#port(from)
    if (!sender.isLinked) return false
    for (const receiver of this.#ports.values()) {
      const isThere = receiver !== sender && receiver.segment === sender.segment
      if (isThere && receiver.isFor(frame)) this.#carry(sender, receiver, frame)
    }
    return true
  }

  /** Drops everything underway, for an end without stragglers under real time. */
  close(): void {
    for (const cancel of this.#underway) cancel()
    this.#underway.clear()
  }

  #carry(sender: PluggedPort, receiver: PluggedPort, frame: Frame): void {
    if (this.isBlocked(sender.name, receiver.name)) return
    const { loss, duplication } = this.conditions(sender.segment)
    if (chance(this.#entropy, loss)) return
    this.#deliver(sender, receiver, frame)
    if (chance(this.#entropy, duplication)) this.#deliver(sender, receiver, frame)
  }

  #deliver(sender: PluggedPort, receiver: PluggedPort, frame: Frame): void {
    const way = direction(sender.name, receiver.name)
    const [minMs, maxMs] = this.conditions(sender.segment).delayMs
    const arrivalMs = Math.max(
      this.#time.now() + between(this.#entropy, minMs, maxMs),
      this.#lastArrivalMs.get(way) ?? 0,
      this.#cloggedUntilMs.get(way) ?? 0,
    )
    this.#lastArrivalMs.set(way, arrivalMs)
    const cancel = this.#time.at(arrivalMs, () => {
      this.#underway.delete(cancel)
      if (receiver.isLinked) receiver.receive(frame, sender)
    })
    this.#underway.add(cancel)
  }

  #port(name: string): PluggedPort {
    const port = this.#ports.get(name)
    if (port === undefined) throw new Error(`no port ${name} on this LAN`)
    return port
  }
}

function direction(from: string, to: string): string {
  return `${from}>${to}`
}

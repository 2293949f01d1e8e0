/**
 * What the router loop needs from outside, and nothing else. Three worlds implement it: the kernel (`linux/`), the
 * simulated LAN (`simulated/`), and a replayed recording. The loop cannot tell them apart.
 */

import type { AgentSettings, VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Address, Family } from '@aloft/shared/network/address'
import type { EventBody } from '@aloft/shared/protocol/events'
import type { HandedRouter } from '../router/loop/handed-over.ts'
import type { Verdict } from '../tracking/verdict.ts'
import type { BfdDatagram, BfdLinks, RecordedBfdDatagram } from './bfd-links.ts'
import type { HoldingFailure, HoldingLoss, Holdings } from './holdings.ts'
import type { Datagram, LinkState, Links } from './links.ts'
import type { VirtualLinks } from './virtual-links.ts'

export type { Datagram, Endpoint, LinkState, Links, OutgoingPacket } from './links.ts'

export interface Clock {
  /** CLOCK_MONOTONIC in milliseconds, fractional; the same for every process of one boot. */
  now(): number
  /** Milliseconds since 1970, for people; never used to decide. */
  wallMs(): number
}

/**
 * One alarm: setting it replaces the previous one; null switches it off. It rings by `RouterInput.alarm()`, never
 * inside `set`. Set to a time that has passed, it rings once the datagrams that are waiting by now were delivered.
 */
export interface Alarm {
  set(atMs: number | null): void
}

/** Where observations go. `append` must not lose an entry when the process is killed right after it returned. */
export interface Journal {
  append(body: EventBody, atMonoMs: number): void
}

/** Sees every event that enters a machine, before it does: the flight recorder. */
export interface Recorder {
  record(entry: RecordedInput): void
}

export interface RecordedInput {
  readonly at: number
  readonly input:
    | {
        readonly kind: 'configure'
        readonly routers: readonly VirtualRouterConfig[]
        readonly settings: AgentSettings
      }
    | { readonly kind: 'datagram'; readonly datagram: RecordedDatagram }
    | { readonly kind: 'undecodable'; readonly packet: UndecodablePacket }
    | { readonly kind: 'link'; readonly interfaceName: string; readonly state: LinkState | null }
    /** `router`: its key (`wireKey`); why it cannot take part, null when it can. */
    | { readonly kind: 'virtual-link'; readonly router: string; readonly problem: string | null }
    | { readonly kind: 'adopt'; readonly router: HandedRouter }
    | { readonly kind: 'hand-over' }
    | { readonly kind: 'resume'; readonly key: string; readonly gapMs: number }
    | { readonly kind: 'tracked'; readonly verdicts: readonly Verdict[] }
    | { readonly kind: 'holding-failed'; readonly failure: HoldingFailure }
    | { readonly kind: 'holding-lost'; readonly loss: HoldingLoss }
    | { readonly kind: 'bfd'; readonly datagram: RecordedBfdDatagram }
    /** A number was drawn while the last input was handled. */
    | { readonly kind: 'chance'; readonly drawn: number }
    | { readonly kind: 'address-claimed'; readonly claim: AddressClaim }
    | { readonly kind: 'alarm' }
    | { readonly kind: 'shutdown' }
    | {
        readonly kind: 'step-down'
        readonly name: string
        readonly forMs: number | null
        readonly undo: boolean
      }
    /** The clock was read once more while the last input was handled: an outage is measured to its very end. */
    | { readonly kind: 'clock' }
    /** The time of day was read while the last input was handled. */
    | { readonly kind: 'wall-clock'; readonly wallMs: number }
}

/** A datagram with its payload in hex, so that a recording is text. */
export type RecordedDatagram = Omit<Datagram, 'payload'> & { readonly payload: string }

/** A received packet of which no `Datagram` could be made: its IP header is wrong, or promises more than arrived. */
export interface UndecodablePacket {
  readonly interfaceName: string
  readonly family: Family
  /** What the header gives as its source; null when it is too short to give one. */
  readonly source: Address | null
}

/** Somebody else says that an address we hold is at an Ethernet address of its own (ARP, neighbour advertisement). */
export interface AddressClaim {
  readonly interfaceName: string
  readonly address: Address
  /** `02:00:00:00:00:01`. */
  readonly mac: string
}

export interface RouterWorld {
  readonly clock: Clock
  readonly alarm: Alarm
  readonly links: Links
  readonly holdings: Holdings
  readonly virtualLinks: VirtualLinks
  readonly journal: Journal
  readonly recorder: Recorder
  /** Left out where there is no BFD. */
  readonly bfd?: BfdLinks
}

/** What the world tells the loop. */
export interface RouterInput {
  datagram(datagram: Datagram): void
  /** `deliver` gives, by the other calls, what one read brought: it came in the same moment. */
  together(deliver: () => void): void
  undecodable(packet: UndecodablePacket): void
  bfd(datagram: BfdDatagram): void
  linkChanged(interfaceName: string): void
  holdingFailed(failure: HoldingFailure): void
  holdingLost(loss: HoldingLoss): void
  /** Left out by those who do not look. */
  addressClaimed?(claim: AddressClaim): void
  /** What `virtualLinks.problem` says of the router of this key (`wireKey`) has changed. */
  virtualLinkChanged(router: string): void
  alarm(): void
}

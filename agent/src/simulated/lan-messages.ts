/**
 * What a router process and the simulated LAN say to each other over the LAN's unix socket: one JSON object a line.
 * A process is one host; when its connection ends, its sockets are closed and its addresses stay, as with a kernel.
 */
import type { Prefix } from '@aloft/shared/network/prefix'
import type { Holding, HoldingFailure, HoldingLoss } from '../world/holdings.ts'
import type { Endpoint, LinkState, OutgoingPacket, RecordedDatagram } from '../world/router-world.ts'

export type ToLan =
  /** First line of a connection. */
  | { readonly kind: 'attach'; readonly host: string }
  | { readonly kind: 'open' | 'close'; readonly endpoint: Endpoint }
  /** `payload` in hex. */
  | {
      readonly kind: 'send'
      readonly interfaceName: string
      readonly packet: Omit<OutgoingPacket, 'payload'> & { readonly payload: string }
    }
  | { readonly kind: 'acquire' | 'release'; readonly holding: Holding }
  | { readonly kind: 'renew'; readonly holdings: readonly Holding[] }
  | { readonly kind: 'announce'; readonly interfaceName: string; readonly addresses: readonly Prefix[] }

export type FromLan =
  /** Answers `attach`: every interface of the host, and the virtual addresses a predecessor left on it. */
  | {
      readonly kind: 'attached'
      readonly links: Readonly<Record<string, LinkState>>
      readonly held: readonly LeftAddress[]
    }
  /** The host is unknown, or another process is it already. The connection ends. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'link'; readonly interfaceName: string; readonly state: LinkState }
  | { readonly kind: 'datagram'; readonly datagram: RecordedDatagram }
  | { readonly kind: 'holding-failed'; readonly failure: HoldingFailure }
  | { readonly kind: 'holding-lost'; readonly loss: HoldingLoss }

export interface LeftAddress {
  readonly interfaceName: string
  readonly prefix: Prefix
}

/** Calls `take` with each line of a stream that arrives in arbitrary pieces. */
export function eachLine(take: (line: string) => void): (piece: string) => void {
  let rest = ''
  return (piece) => {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
}

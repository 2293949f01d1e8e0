/** What a recording holds of a BFD datagram: the same object again for an equal one, as a neighbour sends them many times a second. */
import type { Address } from '@aloft/shared/network/address'
import type { BfdDatagram } from '../../world/bfd-links.ts'
import type { RecordedInput } from '../../world/router-world.ts'
import { hexOf } from './hex.ts'

type Input = Extract<RecordedInput['input'], { kind: 'bfd' }>

interface Remembered {
  readonly datagram: BfdDatagram
  readonly input: Input
}

/** Whoever sends from ever new addresses is forgotten as quickly. */
const SENDERS_MAX = 256

export class RecordedBfd {
  readonly #bySender = new Map<Address, Remembered>()

  inputOf(datagram: BfdDatagram): Input {
    const before = this.#bySender.get(datagram.source)
    if (before !== undefined && isSame(before.datagram, datagram)) return before.input
    if (this.#bySender.size >= SENDERS_MAX) this.#bySender.clear()
    const input = { kind: 'bfd', datagram: { ...datagram, payload: hexOf(datagram.payload) } } as const
    this.#bySender.set(datagram.source, {
      datagram: { ...datagram, payload: datagram.payload.slice() },
      input,
    })
    return input
  }
}

function isSame(before: BfdDatagram, now: BfdDatagram): boolean {
  if (before.interfaceName !== now.interfaceName || before.destination !== now.destination) return false
  if (before.hops !== now.hops || before.ttl !== now.ttl) return false
  const [left, right] = [before.payload, now.payload]
  if (left.length !== right.length) return false
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false
  return true
}

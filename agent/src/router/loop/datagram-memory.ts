/**
 * An advertisement is nearly always the one before it again. What was made of a datagram (its text in a recording, its
 * content) is kept for the next equal one: hundreds of routers hear thousands a second.
 */
import type { Datagram } from '../../world/links.ts'
import type { RecordedInput } from '../../world/router-world.ts'
import { hexOf } from './hex.ts'

/** What is known of a datagram. Equal datagrams have the same object, and the same `input` in it. */
export interface Known<T> {
  readonly input: Extract<RecordedInput['input'], { kind: 'datagram' }>
  /** What its first reader made of it; null before. Must follow from the datagram, and from what does not change until `forget`. */
  made: T | null
}

interface Remembered<T> extends Known<T> {
  /** The object it came as last: a world that recognises a packet gives the same one again. */
  given: Datagram
  readonly datagram: Datagram
}

/** Whoever sends from ever new addresses is forgotten as quickly. */
const SENDERS_MAX = 512

export class DatagramMemory<T> {
  readonly #bySender = new Map<string, Map<number, Remembered<T>>>()
  #senders = 0

  /** Of an equal datagram before, or begun anew. */
  recall(datagram: Datagram): Known<T> {
    const senders = this.#sendersOf(datagram.source)
    const place = (datagram.payload[1] ?? 0) | (datagram.family === 'ipv6' ? 0x100 : 0)
    const before = senders.get(place)
    if (before?.given === datagram) return before
    if (before !== undefined && isSame(before.datagram, datagram)) {
      before.given = datagram
      return before
    }
    const input = { kind: 'datagram', datagram: { ...datagram, payload: hexOf(datagram.payload) } } as const
    const kept = { ...datagram, payload: datagram.payload.slice() }
    const known = { given: datagram, datagram: kept, input, made: null }
    senders.set(place, known)
    return known
  }

  /** What was made depends on something that has changed. */
  forget(): void {
    this.#bySender.clear()
    this.#senders = 0
  }

  #sendersOf(source: string): Map<number, Remembered<T>> {
    const known = this.#bySender.get(source)
    if (known !== undefined) return known
    if (this.#senders >= SENDERS_MAX) this.#bySender.clear()
    const added = new Map<number, Remembered<T>>()
    this.#bySender.set(source, added)
    this.#senders = this.#bySender.size
    return added
  }
}

function isSame(before: Datagram, now: Datagram): boolean {
  if (before.interfaceName !== now.interfaceName || before.destination !== now.destination) return false
  // What an authentication header covers is new in every packet.
  if (before.ttl !== now.ttl || before.authenticated !== undefined || now.authenticated !== undefined)
    return false
  const [left, right] = [before.payload, now.payload]
  if (left.length !== right.length) return false
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false
  return true
}

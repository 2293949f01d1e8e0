/**
 * An advertisement is nearly always the one before it again, to the last bit but for the identification that the sender's
 * kernel gives each packet. What was read from it then is given again, without reading it: comparing two dozen bytes is a
 * tenth of the work, and hundreds of virtual routers hear thousands a second.
 */

interface Kept<T> {
  readonly packet: Uint8Array
  readonly read: T
}

/** So many are kept, each in the one place that its source and VRID give it: a flood of others only costs them that. */
const PLACES = 1_024
const HEADER_BYTES = 20
const SOURCE = 12
/** Of VRRP, in a header without options. */
const VRID = HEADER_BYTES + 1

export class RepeatedPackets<T> {
  readonly #kept: (Kept<T> | undefined)[] = new Array(PLACES).fill(undefined)

  /**
   * What was read from an IPv4 packet that equals the one at `offset`; null when it is another than the one kept in its
   * place. Told by place and length: to make a view of each would cost more than all of this.
   */
  recall(bytes: Uint8Array, offset = 0, length = bytes.length): T | null {
    const kept = this.#kept[placeOf(bytes, offset)]
    return kept !== undefined && isSame(kept.packet, bytes, { offset, length }) ? kept.read : null
  }

  /** `packet` must not be written over from now on, nor what is read from it depend on its identification. */
  keep(packet: Uint8Array, read: T): void {
    this.#kept[placeOf(packet, 0)] = { packet, read }
  }
}

function placeOf(bytes: Uint8Array, offset: number): number {
  const source = (bytes[offset + SOURCE + 2] ?? 0) * 251 + (bytes[offset + SOURCE + 3] ?? 0)
  return (source * 31 + (bytes[offset + VRID] ?? 0)) & (PLACES - 1)
}

/** Equal but for identification and header checksum, which follow from nothing that is read. */
function isSame(before: Uint8Array, now: Uint8Array, { offset, length }: Where): boolean {
  if (before.length !== length || length < HEADER_BYTES) return false
  for (let i = 0; i < 4; i++) if (before[i] !== now[offset + i]) return false
  for (let i = 6; i < 10; i++) if (before[i] !== now[offset + i]) return false
  for (let i = SOURCE; i < length; i++) if (before[i] !== now[offset + i]) return false
  return true
}

interface Where {
  readonly offset: number
  readonly length: number
}

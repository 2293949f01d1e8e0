/**
 * The nftables table that keeps packets to addresses out (RFC 9568 §6.1, Accept_Mode false), over nfnetlink: filling a
 * set takes tens of microseconds, starting `nft` takes ten milliseconds.
 */
import { getSystemErrorName } from 'node:util'
import { AF_NETLINK, netlinkAddress, SOCK_RAW } from '../kernel-numbers.ts'
import type { NativeSocket, Netio } from '../netio.ts'
import { decodeMessages } from '../rtnetlink.ts'
import {
  addElements,
  deletedTables,
  deleteTable,
  type Element,
  encodeBatch,
  makeTable,
  type Request,
  removeElements,
  type TableShape,
} from './nftables-messages.ts'

const NETLINK_NETFILTER = 12
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
/** NFNLGRP_NFTABLES is the seventh group. */
const NFTABLES_GROUP = 1 << 6

export class AcceptTable {
  readonly #socket: NativeSocket
  readonly #watch: NativeSocket
  readonly #buffer = new Uint8Array(65_536)
  readonly #kernel = netlinkAddress()
  readonly #elements = new Map<string, readonly Element[]>()
  #shape: TableShape | null = null
  #sequence = 0

  /** `lost`: somebody removed the table and it could not be made again; the argument says why. */
  constructor(netio: Netio, lost: (why: string) => void) {
    this.#socket = netio.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)
    this.#socket.setOption(SOL_NETLINK, NETLINK_CAP_ACK, 1)
    this.#socket.setOption(SOL_NETLINK, NETLINK_EXT_ACK, 1)
    this.#watch = netio.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)
    this.#watch.bind(netlinkAddress(NFTABLES_GROUP))
    this.#watch.watch(() => {
      const shape = this.#shape
      if (!this.#sawRemoval() || shape === null) return
      const refusal = this.#make(shape)
      if (refusal !== null) lost(refusal)
    })
  }

  /** Makes the table with what these holders keep out and nothing else; null, or what the kernel says. */
  prepare(shape: TableShape, holders: ReadonlyMap<string, readonly Element[]>): string | null {
    if (JSON.stringify(shape) === JSON.stringify(this.#shape)) return null
    this.#elements.clear()
    for (const [holder, elements] of holders) this.#elements.set(holder, elements)
    return this.#make(shape)
  }

  #make(shape: TableShape): string | null {
    this.#shape = shape
    return this.#write(makeTable(shape, [...this.#elements.values()].flat()))
  }

  /** From now on these are what a holder keeps out, in place of what it kept out before; null, or what the kernel says. */
  hold(holder: string, elements: readonly Element[]): string | null {
    if (this.#shape === null) return 'there is no table'
    const before = this.#elements.get(holder) ?? []
    this.#elements.set(holder, elements)
    const { table } = this.#shape
    const added = addElements(table, without(elements, before))
    const refusal = this.#write([...removeElements(table, without(before, elements)), ...added])
    // Somebody may have flushed the ruleset: then the whole of it is made again.
    return refusal === null ? null : this.#make(this.#shape)
  }

  /** Removes a table of that name, ours or one left by a predecessor; gone already is fine. */
  remove(table: string): void {
    if (this.#shape?.table === table) {
      this.#shape = null
      this.#elements.clear()
    }
    this.#write([deleteTable(table)])
  }

  #write(requests: readonly Request[]): string | null {
    if (requests.length === 0) return null
    const first = this.#sequence + 1
    this.#sequence += requests.length
    try {
      this.#socket.send(encodeBatch(first, requests), this.#kernel, null)
    } catch (error) {
      return String(error)
    }
    let refusal: string | null = null
    for (let bytes = this.#receive(this.#socket); bytes !== null; bytes = this.#receive(this.#socket)) {
      for (const answer of decodeMessages(bytes)) {
        if (answer.kind !== 'reply' || answer.errno === 0 || refusal !== null) continue
        const code = getSystemErrorName(-answer.errno)
        refusal = answer.text === '' ? code : `${code}: ${answer.text}`
      }
    }
    return refusal
  }

  #sawRemoval(): boolean {
    let isRemoved = false
    for (let bytes = this.#receive(this.#watch); bytes !== null; bytes = this.#receive(this.#watch)) {
      if (deletedTables(bytes).some((name) => name === this.#shape?.table)) isRemoved = true
    }
    return isRemoved
  }

  #receive(socket: NativeSocket): Uint8Array | null {
    try {
      const received = socket.receive(this.#buffer, null, null)
      return received && this.#buffer.subarray(0, received.bytes)
    } catch {
      // ENOBUFS: notices were dropped. A table that went unnoticed is made again when a set of it changes.
      return null
    }
  }

  close(): void {
    this.#watch.close()
    this.#socket.close()
  }
}

function without(elements: readonly Element[], others: readonly Element[]): Element[] {
  const isSame = (a: Element, b: Element) => a.set === b.set && Buffer.compare(a.key, b.key) === 0
  return elements.filter((each) => !others.some((other) => isSame(each, other)))
}

/**
 * Talking to the kernel about links and addresses. Requests are synchronous: the kernel answers within the system call
 * that asks, so an address is there (or refused) when `change` returns, tens of microseconds later.
 */
import { getSystemErrorName } from 'node:util'
import type { Prefix } from '@aloft/shared/network/prefix'
import { AF_NETLINK, netlinkAddress, SO_RCVBUFFORCE, SOCK_RAW, SOL_SOCKET } from './kernel-numbers.ts'
import type { NativeSocket, Netio } from './netio.ts'
import { decodeMessages, encodeAddressChange, encodeDump, type KernelMessage } from './rtnetlink.ts'

const NETLINK_ROUTE = 0
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
/** RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR. */
const GROUPS = 0x1 | 0x10 | 0x100
/** Answers wait in the receive buffer until all requests of one write are done. */
const REQUESTS_PER_WRITE = 64
const DUMP_ATTEMPTS = 10

export interface AddressChange {
  readonly index: number
  readonly prefix: Prefix
}

/** What became of a request: null is success. */
export interface Refusal {
  /** `EEXIST`, `EADDRNOTAVAIL`, … */
  readonly code: string
  readonly text: string
}

/** Receives until nothing is there. `overflow` is called when the kernel had to drop messages. */
function receiveAll(socket: NativeSocket, buffer: Uint8Array, overflow: () => void): KernelMessage[] {
  const messages: KernelMessage[] = []
  for (;;) {
    try {
      const received = socket.receive(buffer, null, null)
      if (received === null) return messages
      messages.push(...decodeMessages(buffer.subarray(0, received.bytes)))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOBUFS')) throw error
      overflow()
    }
  }
}

export class RouteSocket {
  readonly #socket: NativeSocket
  readonly #buffer = new Uint8Array(65_536)
  readonly #kernel = netlinkAddress()
  #sequence = 0

  constructor(netio: Netio) {
    this.#socket = netio.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    this.#socket.setOption(SOL_NETLINK, NETLINK_CAP_ACK, 1)
    this.#socket.setOption(SOL_NETLINK, NETLINK_EXT_ACK, 1)
  }

  /** Adds or removes addresses, many to a system call; one answer for each, in order. */
  change(kind: 'add' | 'remove', changes: readonly AddressChange[]): (Refusal | null)[] {
    const answers: (Refusal | null)[] = []
    for (let start = 0; start < changes.length; start += REQUESTS_PER_WRITE) {
      answers.push(...this.#write(kind, changes.slice(start, start + REQUESTS_PER_WRITE)))
    }
    return answers
  }

  #write(kind: 'add' | 'remove', changes: readonly AddressChange[]): (Refusal | null)[] {
    const first = this.#sequence + 1
    this.#sequence += changes.length
    const requests = changes.map((change, i) => encodeAddressChange(kind, first + i, change))
    this.#socket.send(Buffer.concat(requests), this.#kernel, null)
    const replies = new Map<number, Refusal | null>()
    for (const message of receiveAll(this.#socket, this.#buffer, () => {})) {
      if (message.kind === 'reply') replies.set(message.sequence, refusal(message))
    }
    return changes.map((_, i) => {
      const reply = replies.get(first + i)
      return reply === undefined ? { code: 'ENOBUFS', text: 'the kernel gave no answer' } : reply
    })
  }

  /** Every link, then every address. */
  dump(): KernelMessage[] {
    return [...this.#dump('links'), ...this.#dump('addresses')]
  }

  #dump(table: 'links' | 'addresses'): KernelMessage[] {
    for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt++) {
      this.#sequence += 1
      this.#socket.send(encodeDump(table, this.#sequence), this.#kernel, null)
      let isWhole = true
      const messages = receiveAll(this.#socket, this.#buffer, () => {
        isWhole = false
      })
      if (messages.some(({ kind }) => kind === 'interrupted')) isWhole = false
      if (isWhole && messages.some(({ kind }) => kind === 'done')) return messages
    }
    throw new Error(`the kernel's ${table} changed too fast to be read ${DUMP_ATTEMPTS} times`)
  }

  close(): void {
    this.#socket.close()
  }
}

/** Follows changes of links and addresses. `lost`: the kernel dropped some, only a new dump tells the truth. */
export class RouteWatch {
  readonly #socket: NativeSocket
  readonly #buffer = new Uint8Array(65_536)

  constructor(netio: Netio, handlers: { changed(messages: readonly KernelMessage[]): void; lost(): void }) {
    this.#socket = netio.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    this.#enlargeBuffer()
    this.#socket.bind(netlinkAddress(GROUPS))
    this.#socket.watch(() => {
      let isWhole = true
      const messages = receiveAll(this.#socket, this.#buffer, () => {
        isWhole = false
      })
      if (isWhole) handlers.changed(messages)
      else handlers.lost()
    })
  }

  /** A burst (a thousand interfaces) should fit; where that is forbidden, a dump makes good what was dropped. */
  #enlargeBuffer(): void {
    try {
      this.#socket.setOption(SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20)
    } catch {
      // Needs CAP_NET_ADMIN in the initial user namespace.
    }
  }

  close(): void {
    this.#socket.close()
  }
}

function refusal({ errno, text }: { errno: number; text: string }): Refusal | null {
  if (errno === 0) return null
  const code = getSystemErrorName(-errno)
  return { code, text: text === '' ? code : `${code}: ${text}` }
}

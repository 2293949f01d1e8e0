/**
 * What stands between a world and a process that may be frozen (SIGSTOP) or dead. While it is frozen the kernel keeps
 * a socket buffer's worth of datagrams; when it wakes, its timers run before it reads them, as in Node.
 */

import type { BfdDatagram } from '@aloft/agent/world/bfd-links'
import type { HoldingFailure, HoldingLoss } from '@aloft/agent/world/holdings'
import type { Datagram, RouterInput, UndecodablePacket } from '@aloft/agent/world/router-world'

const SOCKET_BUFFER_DATAGRAMS = 64

interface Unread {
  readonly deliver: () => void
  /** Whom a BFD packet is from; null: it is something else. */
  readonly bfdFrom: string | null
}

export class FreezableInput implements RouterInput {
  readonly #forward: RouterInput
  readonly #waiting: Unread[] = []
  #state: 'running' | 'frozen' | 'closed' = 'running'
  #alarmRang = false
  /** In host time; null while it runs. */
  frozenAtMs: number | null = null

  constructor(forward: RouterInput) {
    this.#forward = forward
  }

  get isFrozen(): boolean {
    return this.#state === 'frozen'
  }

  freeze(nowMs: number): void {
    if (this.#state !== 'running') return
    this.#state = 'frozen'
    this.frozenAtMs = nowMs
  }

  thaw(): void {
    if (this.#state !== 'frozen') return
    this.#state = 'running'
    this.frozenAtMs = null
    if (this.#alarmRang) this.#forward.alarm()
    this.#alarmRang = false
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next.deliver()
  }

  /** Whether a BFD packet of that address has come and was not looked at yet. */
  hasUnreadBfd(source: string): boolean {
    return this.#waiting.some(({ bfdFrom }) => bfdFrom === source)
  }

  /** The process is gone: nothing reaches it any more. */
  close(): void {
    this.#state = 'closed'
  }

  together(deliver: () => void): void {
    deliver()
  }

  datagram(datagram: Datagram): void {
    if (this.#state === 'frozen' && this.#waiting.length >= SOCKET_BUFFER_DATAGRAMS) return
    this.#pass(() => this.#forward.datagram(datagram))
  }

  undecodable(packet: UndecodablePacket): void {
    this.#pass(() => this.#forward.undecodable(packet))
  }

  bfd(datagram: BfdDatagram): void {
    if (this.#state === 'frozen' && this.#waiting.length >= SOCKET_BUFFER_DATAGRAMS) return
    this.#pass(() => this.#forward.bfd(datagram), datagram.source)
  }

  linkChanged(interfaceName: string): void {
    this.#pass(() => this.#forward.linkChanged(interfaceName))
  }

  holdingFailed(failure: HoldingFailure): void {
    this.#pass(() => this.#forward.holdingFailed(failure))
  }

  holdingLost(loss: HoldingLoss): void {
    this.#pass(() => this.#forward.holdingLost(loss))
  }

  virtualLinkChanged(router: string): void {
    this.#pass(() => this.#forward.virtualLinkChanged(router))
  }

  alarm(): void {
    if (this.#state === 'running') this.#forward.alarm()
    else this.#alarmRang = true
  }

  #pass(deliver: () => void, bfdFrom: string | null = null): void {
    if (this.#state === 'running') deliver()
    else if (this.#state === 'frozen') this.#waiting.push({ deliver, bfdFrom })
  }
}

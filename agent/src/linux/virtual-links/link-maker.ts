/** Makes, finds, raises and removes network links over a netlink socket of its own. Synchronous, like the kernel. */
import { getSystemErrorName } from 'node:util'
import { netlinkAddress } from '../kernel-numbers.ts'
import type { NativeSocket, Netio } from '../netio.ts'
import { openRouteNetlink } from '../route-socket.ts'
import { decodeMessages, type KernelMessage } from '../rtnetlink.ts'
import {
  decodeLinkDetail,
  encodeDeleteGroup,
  encodeGetLink,
  encodeNewLink,
  encodeSetGroup,
  encodeSetUp,
  type LinkDetail,
  type NewLink,
} from './link-messages.ts'

/** The group of links that are about to be removed; a number that nobody else uses. */
const DOOMED = 0x616c6f66

export class LinkMaker {
  readonly #socket: NativeSocket
  readonly #buffer = new Uint8Array(65_536)
  readonly #kernel = netlinkAddress()
  #sequence = 0

  constructor(netio: Netio) {
    this.#socket = openRouteNetlink(netio)
  }

  /** The link of that name, and the kernel's messages about it; null when there is none. */
  find(name: string): { readonly link: LinkDetail; readonly messages: readonly KernelMessage[] } | null {
    this.#sequence += 1
    this.#socket.send(encodeGetLink(this.#sequence, name), this.#kernel, null)
    const received = this.#socket.receive(this.#buffer, null, null)
    if (received === null) return null
    const bytes = this.#buffer.subarray(0, received.bytes)
    const link = decodeLinkDetail(bytes)
    return link && { link, messages: decodeMessages(bytes) }
  }

  /** Each of these: null when done, else what the kernel says. */
  make(link: NewLink): string | null {
    return this.#request((sequence) => encodeNewLink(sequence, link))
  }

  /** Removes links, all at once. */
  remove(indexes: readonly number[]): string | null {
    const gathered = indexes.filter(
      (index) => this.#request((sequence) => encodeSetGroup(sequence, index, DOOMED)) === null,
    )
    if (gathered.length === 0) return null
    return this.#request((sequence) => encodeDeleteGroup(sequence, DOOMED))
  }

  setUp(index: number, isUp: boolean): string | null {
    return this.#request((sequence) => encodeSetUp(sequence, index, isUp))
  }

  #request(encode: (sequence: number) => Uint8Array): string | null {
    this.#sequence += 1
    this.#socket.send(encode(this.#sequence), this.#kernel, null)
    const received = this.#socket.receive(this.#buffer, null, null)
    const answers = received === null ? [] : decodeMessages(this.#buffer.subarray(0, received.bytes))
    for (const answer of answers) {
      if (answer.kind !== 'reply' || answer.sequence !== this.#sequence) continue
      if (answer.errno === 0) return null
      const code = getSystemErrorName(-answer.errno)
      return answer.text === '' ? code : `${code}: ${answer.text}`
    }
    return 'the kernel gave no answer'
  }

  close(): void {
    this.#socket.close()
  }
}

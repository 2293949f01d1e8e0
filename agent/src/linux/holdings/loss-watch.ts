/**
 * Notices that somebody else removed what we hold. A notice of a removal is a suspicion only: it may be the late echo
 * of our own. What the kernel has now decides, asked once for all suspicions of one moment.
 */
import type { HeldItem, HoldingLoss } from '../../world/holdings.ts'
import type { KernelMessage } from '../rtnetlink.ts'
import { addressKey } from './held-item.ts'
import { keyOfNotice } from './held-key.ts'

/** What one holder has in the kernel, by key. */
export interface Possession {
  readonly holder: string
  readonly ours: Map<string, HeldItem>
}

export interface LossWatchOptions {
  possessions(): Iterable<Possession>
  /** Which of these the kernel has now. */
  present(keys: ReadonlySet<string>): ReadonlySet<string>
  /** These are gone, and no longer among the possessions. */
  lost(loss: HoldingLoss): void
  /** Our own port: what it removed is not lost. 0 is nobody's in particular. */
  readonly ownPort: number
}

export class LossWatch {
  readonly #options: LossWatchOptions
  /** Key to the port that removed it. */
  #suspects = new Map<string, number>()
  #isDue = false

  constructor(options: LossWatchOptions) {
    this.#options = options
  }

  hear(messages: readonly KernelMessage[]): void {
    for (const message of messages) {
      // Routes go with their interface, and nobody says so.
      if (message.kind === 'link') {
        if (message.gone || !message.link.up) this.#suspectAll(({ kind }) => kind === 'route')
      } else if ('port' in message && message.port !== this.#options.ownPort) this.#hearChange(message)
    }
  }

  /** News were dropped: anything may be gone. */
  suspectAll(): void {
    this.#suspectAll(() => true)
  }

  #hearChange(message: Extract<KernelMessage, { readonly port: number }>): void {
    if (message.kind === 'address') {
      const { index, address } = message.address
      if (message.gone) this.#suspect(addressKey(index, address), message.port)
    } else if (message.kind === 'route' && message.replaces) {
      // What was replaced is not named.
      this.#suspectAll(({ kind }) => kind === 'route', message.port)
    } else if (message.gone) {
      this.#suspect(keyOfNotice(message), message.port)
    }
  }

  #suspectAll(isMeant: (item: HeldItem) => boolean, port = 0): void {
    for (const { ours } of this.#options.possessions()) {
      for (const [key, item] of ours) if (isMeant(item)) this.#suspect(key, port)
    }
  }

  #suspect(key: string, port: number): void {
    if (![...this.#options.possessions()].some(({ ours }) => ours.has(key))) return
    this.#suspects.set(key, port)
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => this.#verify())
  }

  #verify(): void {
    this.#isDue = false
    const suspects = this.#suspects
    this.#suspects = new Map()
    const there = this.#options.present(new Set(suspects.keys()))
    for (const { holder, ours } of this.#options.possessions()) {
      const gone = [...suspects].filter(([key]) => ours.has(key) && !there.has(key))
      const lost = gone.flatMap(([key]) => ours.get(key) ?? [])
      for (const [key] of gone) ours.delete(key)
      const minded = lost.filter(isTracked)
      const byPort = gone.map(([, port]) => port).find((port) => port !== 0) ?? null
      if (minded.length > 0) this.#options.lost({ holder, lost: minded, byPort })
    }
  }
}

function isTracked(item: HeldItem): boolean {
  const held = item.kind === 'address' ? item.address : item.kind === 'route' ? item.route : item.rule
  return held.track !== false
}

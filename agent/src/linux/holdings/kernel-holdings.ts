/**
 * `Holdings` over the kernel: one netlink write for all that a router takes or gives back, whatever it consists of.
 * Knows what is held now, so that a removal by somebody else is told, and only what is ours is ever removed.
 */
import { familyOf } from '@aloft/shared/network/address'
import { formatPrefix, type Prefix } from '@aloft/shared/network/prefix'
import { describeHeld } from '../../world/describe-held.ts'
import type { HeldAddress, HeldItem, Holding, HoldingFailure, Holdings } from '../../world/holdings.ts'
import type { Clock, RouterInput } from '../../world/router-world.ts'
import type { LinkTable } from '../link-table.ts'
import type { Refusal, RouteSocket } from '../route-socket.ts'
import type { KernelMessage } from '../rtnetlink.ts'
import type { AnnouncementSocket } from './announcement-socket.ts'
import { addressKey, devicesOf, itemsOf, keyOfItem, requestFor } from './held-item.ts'
import { keyOfNotice } from './held-key.ts'
import { LossWatch } from './loss-watch.ts'
import { encodePromotion } from './promote-secondaries.ts'
import { isGone, remedyFor } from './refusal-remedy.ts'

export interface KernelHoldingsOptions {
  readonly routes: RouteSocket
  readonly table: LinkTable
  readonly clock: Clock
  readonly announcements: AnnouncementSocket
  readonly input: () => RouterInput | null
  /** Routes or rules are held for the first time: their changes are of interest now. */
  readonly followRouting: () => void
}

interface Asked {
  readonly item: HeldItem
  readonly request: Uint8Array
}

interface Held {
  readonly holder: string
  readonly holding: Holding
  /** By key: what is there, and by us. What the host had before is not among it. */
  readonly ours: Map<string, HeldItem>
  readonly sinceMs: number
  /** What renews its lease, made once; null: to be made. */
  renewal: readonly Asked[] | null
}

export class KernelHoldings implements Holdings {
  readonly #options: KernelHoldingsOptions
  readonly #held = new Map<string, Held>()
  readonly #losses: LossWatch

  constructor(options: KernelHoldingsOptions) {
    this.#options = options
    this.#losses = new LossWatch({
      ownPort: options.routes.port,
      possessions: () => this.#held.values(),
      present: (keys) => this.#present(keys),
      lost: (loss) => {
        const held = this.#held.get(loss.holder)
        // A renewal would bring it back, unannounced and unasked.
        if (held) held.renewal = null
        options.input()?.holdingLost(loss)
      },
    })
  }

  acquire(holding: Holding): void {
    const { holder, routes, rules } = holding
    const before = this.#held.get(holder)
    const sinceMs = before?.sinceMs ?? this.#options.clock.now()
    const held: Held = { holder, holding, ours: new Map(), sinceMs, renewal: null }
    const items = itemsOf(holding)
    this.#held.set(holder, held)
    if (routes.length > 0 || rules.length > 0) this.#options.followRouting()
    if (before !== undefined) this.#giveUp(before, items)
    this.#take(held, items, 'add')
  }

  /** Leaves alone what no router put there: an address owner's address is the host's own. */
  release(holding: Holding): void {
    const held = this.#held.get(holding.holder)
    this.#held.delete(holding.holder)
    const items = itemsOf(held?.holding ?? holding).filter((item) => this.#isOurs(item))
    const isLeased = (held?.holding ?? holding).leaseMs !== null
    this.#remove(holding.holder, items, isLeased ? this.#endLeases(items) : [])
  }

  /** Addresses of our configuration that are on the host at a start: ours, or nobody's in particular. */
  removeLeft(left: Holding, isNobodys: (address: HeldAddress) => boolean): void {
    const items = itemsOf(left).filter(
      (item) => this.#isOurs(item) || (item.kind === 'address' && isNobodys(item.address)),
    )
    this.#remove(left.holder, items)
  }

  /** Routes and rules of ours, from a router before us, that none of these will hold. */
  removeLeftRouting(kept: readonly Holding[]): void {
    const keys = new Set(kept.flatMap(itemsOf).map((item) => this.#keyOf(item)))
    const { routes } = this.#options
    routes.remove(routes.routing().filter((notice) => !keys.has(keyOfNotice(notice))))
  }

  renew(holdings: readonly Holding[]): void {
    const asked: (Asked & { readonly holder: string })[] = []
    for (const { holder } of holdings) {
      for (const each of this.#renewalOf(holder)) asked.push({ ...each, holder })
    }
    const answers = this.#options.routes.change(asked.map(({ request }) => request))
    for (const [i, refusal] of answers.entries()) {
      const each = asked[i]
      if (refusal !== null && each) this.#refused(each.holder, each.item, { refusal, did: 'renew' })
    }
  }

  announce(interfaceName: string, addresses: readonly Prefix[]): void {
    const error = this.#options.announcements.send(interfaceName, addresses)
    if (error === null) return
    for (const each of addresses) {
      const what = `${formatPrefix(each)} dev ${interfaceName}`
      this.#report({ holder: null, kind: 'announcement', what, error, remedy: null })
    }
  }

  /** What the kernel tells, of everybody's changes. */
  hear(messages: readonly KernelMessage[]): void {
    this.#losses.hear(messages)
  }

  /** The kernel dropped some of its news. */
  suspectAll(): void {
    this.#losses.suspectAll()
  }

  #renewalOf(holder: string): readonly Asked[] {
    const held = this.#held.get(holder)
    if (held === undefined || held.holding.leaseMs === null) return []
    if (held.renewal !== null) return held.renewal
    const leased = [...held.ours.values()].filter(({ kind }) => kind === 'address')
    const asked = leased.flatMap((item) => this.#ask('replace', item, held))
    // A preferred lifetime gets shorter with each renewal, until it is over.
    const isConstant = leased.every((item) => item.kind !== 'address' || !item.address.preferredLifetimeMs)
    if (isConstant) held.renewal = asked
    return asked
  }

  #take(held: Held, items: readonly HeldItem[], change: 'add' | 'replace'): void {
    const asked = items.flatMap((item) => this.#ask(change, item, held))
    const prepared = change === 'add' ? this.#promotions(held.holding) : []
    const answers = this.#options.routes.change([...prepared, ...asked.map(({ request }) => request)])
    const adopted: HeldItem[] = []
    for (const [i, { item }] of asked.entries()) {
      const refusal = answers[prepared.length + i] ?? null
      const isThere = refusal?.code === 'EEXIST'
      if (refusal === null || (isThere && item.kind !== 'address')) this.#noteHeld(held, item)
      else if (!isThere) this.#refused(held.holder, item, { refusal, did: 'add' })
      else if (this.#isOurs(item)) adopted.push(item)
    }
    // What is there already and ours gets our lease and our options.
    if (adopted.length > 0) this.#take(held, adopted, 'replace')
  }

  /** An item on an interface that is not there is refused without asking. */
  #ask(change: 'add' | 'replace', item: HeldItem, held: Held): Asked[] {
    const heldMs = this.#options.clock.now() - held.sinceMs
    const { leaseMs } = held.holding
    const request = requestFor(change, item, { indexOf: this.#indexOf, leaseMs, heldMs })
    if (request !== null) return [{ item, request }]
    const missing = devicesOf(item).find((device) => this.#indexOf(device) === null)
    const refusal = { code: 'ENODEV', text: `there is no interface ${missing}` }
    this.#refused(held.holder, item, { refusal, did: 'add' })
    return []
  }

  #noteHeld(held: Held, item: HeldItem): void {
    const key = this.#keyOf(item)
    if (key !== null) held.ours.set(key, item)
    if (item.kind !== 'address') return
    const index = this.#indexOf(item.address.device)
    if (index !== null) this.#options.table.noteAdded(index, item.address.address)
  }

  /** What a holder held and no longer wants. */
  #giveUp(before: Held, wanted: readonly HeldItem[]): void {
    const keys = new Set(wanted.map((item) => this.#keyOf(item)))
    const gone = [...before.ours].filter(([key]) => !keys.has(key)).map(([, item]) => item)
    this.#remove(before.holder, gone)
  }

  /** Rules, then routes, then addresses: nothing is ever without what it stands on. */
  #remove(holder: string, items: readonly HeldItem[], before: readonly Uint8Array[] = []): void {
    const context = { indexOf: this.#indexOf, leaseMs: null, heldMs: 0 }
    const asked = items.toReversed().flatMap((item): Asked[] => {
      const request = requestFor('remove', item, context)
      // With the interface went what was on it.
      return request === null ? [] : [{ item, request }]
    })
    const answers = this.#options.routes.change([...before, ...asked.map(({ request }) => request)])
    for (const [i, { item }] of asked.entries()) {
      const refusal = answers[before.length + i] ?? null
      if (refusal !== null && !isGone(refusal)) this.#refused(holder, item, { refusal, did: 'remove' })
      else if (item.kind === 'address') {
        const index = this.#indexOf(item.address.device)
        if (index !== null) this.#options.table.noteRemoved(index, item.address.address)
      }
    }
  }

  /** The on-link route of a leased IPv6 address would stay for half a minute: only that of a lasting one goes with it. */
  #endLeases(items: readonly HeldItem[]): Uint8Array[] {
    const context = { indexOf: this.#indexOf, leaseMs: null, heldMs: 0 }
    return items.flatMap((item) => {
      if (item.kind !== 'address' || familyOf(item.address.address) === 'ipv4') return []
      const { preferredLifetimeMs: _preferred, ...lasting } = item.address
      return requestFor('replace', { kind: 'address', address: lasting }, context) ?? []
    })
  }

  /** Addresses that end by themselves, or shall not take others along, are put where the others stay. */
  #promotions({ addresses, leaseMs, promoteSecondaries }: Holding): Uint8Array[] {
    if (leaseMs === null && !promoteSecondaries) return []
    const links = [...new Set(addresses.map(({ device }) => device))].map((name) =>
      this.#options.table.find(name),
    )
    return links.flatMap((link) =>
      link?.promotesSecondaries === false ? [encodePromotion(link.index, true)] : [],
    )
  }

  readonly #indexOf = (device: string): number | null => this.#options.table.find(device)?.index ?? null

  #keyOf(item: HeldItem): string | null {
    return keyOfItem(item, this.#indexOf)
  }

  /** Routes and rules carry our protocol in every request, so that the kernel itself removes no others. */
  #isOurs(item: HeldItem): boolean {
    if (item.kind !== 'address') return true
    const index = this.#indexOf(item.address.device)
    return index !== null && this.#options.table.isOurs(index, item.address.address)
  }

  /** Which of these the kernel has now. */
  #present(keys: ReadonlySet<string>): ReadonlySet<string> {
    const { routes } = this.#options
    const there = new Set<string>()
    const isAsked = (kind: string) => [...keys].some((key) => key.startsWith(`${kind} `))
    for (const message of isAsked('address') ? routes.addresses() : []) {
      if (message.kind === 'address') there.add(addressKey(message.address.index, message.address.address))
    }
    for (const notice of isAsked('route') || isAsked('rule') ? routes.routing() : []) {
      there.add(keyOfNotice(notice))
    }
    return there
  }

  #refused(holder: string, item: HeldItem, { refusal, did }: { refusal: Refusal; did: string }): void {
    const error = `cannot ${did}: ${refusal.text}`
    this.#report({
      holder,
      kind: item.kind,
      what: describeHeld(item),
      error,
      remedy: remedyFor(item, refusal),
    })
  }

  /** Never inside the call that failed: the loop is in the middle of its actions then. */
  #report(failure: HoldingFailure): void {
    setImmediate(() => this.#options.input()?.holdingFailed(failure))
  }
}

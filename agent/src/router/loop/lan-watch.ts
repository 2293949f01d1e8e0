/**
 * Tells of what is wrong on a LAN, without flooding anybody: the first of a kind at once, then at most one event a
 * minute with the count.
 */
import type { Address, Family } from '@aloft/shared/network/address'
import type { EventBody, LanBody, LanFinding } from '@aloft/shared/protocol/events'
import { NOTHING_SEEN, observe, type SightMemory } from '../../vrrp/observations.ts'
import type { Advertisement } from '../../vrrp/virtual-router.ts'
import type { AddressClaim } from '../../world/router-world.ts'
import { holdingOf } from './holding-of.ts'
import type { Instance } from './instance.ts'
import { RepeatedReports } from './repeated-reports.ts'
import type { Timed } from './timed.ts'

export interface FindingTotal {
  readonly finding: LanFinding
  readonly interface: string
  readonly virtualRouter: string | null
  readonly vrid: number | null
  /** Heard last. */
  readonly source: string
  readonly count: number
}

type Seen = Omit<LanBody, 'kind' | 'count' | 'windowMs'>

type Report = (body: EventBody, at: number) => void

/** A LAN shows so many at most; a liar may invent more, who are then counted together. */
const KINDS_MAX = 512
/** A predecessor goes on answering for its addresses until it has heard of us. */
const CLAIM_GRACE_INTERVALS = 3
const CLAIM_GRACE_MIN_MS = 1_000

export class LanWatch implements Timed {
  readonly #kinds: RepeatedReports<Seen>
  readonly #memories = new WeakMap<Instance, SightMemory>()

  constructor(report: Report) {
    this.#kinds = new RepeatedReports(({ latest, count, windowMs }, at) =>
      report({ kind: 'lan', ...latest, count, windowMs }, at),
    )
  }

  /** An advertisement that this router takes, before its machine does. False: nothing was to be seen or remembered. */
  heard(instance: Instance, source: Address, advertisement: Advertisement, now: number): boolean {
    const { parameters, state, roleSince } = instance
    const before = this.#memories.get(instance) ?? NOTHING_SEEN
    const { memory, sightings } = observe(
      before,
      { parameters, state, roleSince, source, advertisement },
      now,
    )
    if (memory !== before) this.#memories.set(instance, memory)
    for (const { finding, evidence } of sightings)
      this.#add(ofRouter(instance, finding, { source, evidence }), now)
    return memory !== before || sightings.length > 0
  }

  /** An advertisement with our own address and priority, heard while we are active ourselves. */
  twin(instance: Instance, source: Address, priority: number, now: number): void {
    this.#add(ofRouter(instance, 'twin', { source, evidence: { priority } }), now)
  }

  /** An advertisement of a virtual router that none of ours is. */
  foreign(
    place: { readonly interfaceName: string; readonly family: Family; readonly source: Address },
    advertisement: { readonly vrid: number; readonly priority: number },
    now: number,
  ): void {
    const { interfaceName, family, source } = place
    const { vrid, priority } = advertisement
    this.#add(
      {
        ...{ finding: 'foreign-router', interface: interfaceName, family, vrid, virtualRouter: null },
        ...{ source, evidence: { priority } },
      },
      now,
    )
  }

  /** RFC 5227 §2.4: a conflict, if one of these routers is active and has the address. */
  claimed({ interfaceName, address, mac }: AddressClaim, instances: Iterable<Instance>, now: number): void {
    for (const instance of instances) {
      const { config, state, roleSince } = instance
      if (state.role !== 'active' || !holds(instance, interfaceName, address)) continue
      const graceMs = Math.max(CLAIM_GRACE_MIN_MS, CLAIM_GRACE_INTERVALS * config.advertisementIntervalMs)
      if (now - roleSince < graceMs) return
      const seen = ofRouter(instance, 'duplicate-address', { source: mac, evidence: { address } })
      this.#add({ ...seen, interface: interfaceName }, now)
      return
    }
  }

  totals(): readonly FindingTotal[] {
    return this.#kinds.totals().map(({ latest, total: count }) => {
      const { finding, interface: interfaceName, virtualRouter, vrid, source } = latest
      return { finding, interface: interfaceName, virtualRouter, vrid, source, count }
    })
  }

  dueAt(): number | null {
    return this.#kinds.dueAt()
  }

  ring(now: number): void {
    this.#kinds.ring(now)
  }

  /** Tells what is left: nobody will come back for it. */
  flush(now: number): void {
    this.#kinds.flush(now)
  }

  #add(seen: Seen, now: number): void {
    const isFull = this.#kinds.size >= KINDS_MAX
    const of = (source: string) => `${seen.finding} ${seen.interface} ${seen.family} ${seen.vrid} ${source}`
    const key = isFull && !this.#kinds.has(of(seen.source)) ? `${seen.finding} many` : of(seen.source)
    // A neighbour's virtual router on a shared LAN is not an error that deserves an event every minute for ever.
    this.#kinds.add(key, seen, now, { isToldOnce: seen.finding === 'foreign-router' })
  }
}

function ofRouter(
  { config }: Instance,
  finding: LanFinding,
  { source, evidence }: Pick<Seen, 'source' | 'evidence'>,
): Seen {
  const { interface: interfaceName, family, vrid, name: virtualRouter } = config
  return { finding, interface: interfaceName, family, vrid, virtualRouter, source, evidence }
}

/** Also heard on the router's interface when the address is on a device of its own above that. */
function holds({ config }: Instance, interfaceName: string, address: Address): boolean {
  return holdingOf(config).addresses.some(
    (each) =>
      each.address === address && (each.device === interfaceName || config.interface === interfaceName),
  )
}

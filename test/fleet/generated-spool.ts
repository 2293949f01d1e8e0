/**
 * A spool without memory, for loads: its events follow from their seq, so that a hundred thousand of them cost nothing
 * until they are read. One in four is a transition of the site's virtual router, as busy as a real site never is.
 */
import { randomBytes } from 'node:crypto'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import type { UplinkOptions } from '../../agent/src/steward/uplink.ts'

export class GeneratedSpool implements Pick<UplinkOptions['spool'], keyof UplinkOptions['spool']> {
  readonly epoch = randomBytes(8).toString('hex')
  readonly #bootId: string
  readonly #vrid: number
  readonly #isFirst: boolean
  #lastSeq = 0
  #heldSeq = 0
  /** From which seq on events lie how far apart, and when that was. */
  #pace = { afterSeq: 0, atMs: Date.now() - 30_000, everyMs: 3 }
  #listener: () => void = () => {}

  constructor(options: { readonly bootId: string; readonly vrid: number; readonly isFirst: boolean }) {
    this.#bootId = options.bootId
    this.#vrid = options.vrid
    this.#isFirst = options.isFirst
  }

  get condition() {
    return { epoch: this.epoch, firstSeq: 1, lastSeq: this.#lastSeq, heldSeq: this.#heldSeq, error: null }
  }

  onChange(listener: () => void): void {
    this.#listener = listener
  }

  /** What it observes from now on it observes so often, and not long ago and in a heap. All before must be held. */
  paceAt(everyMs: number): void {
    this.#pace = { afterSeq: this.#lastSeq, atMs: Date.now(), everyMs }
  }

  grow(count: number): void {
    this.#lastSeq += count
    this.#listener()
  }

  async read(
    afterSeq: number,
    { countMax }: { readonly countMax: number },
  ): Promise<readonly SpooledEvent[]> {
    const count = Math.min(countMax, this.#lastSeq - afterSeq)
    return Array.from({ length: count }, (_, i) => this.#event(afterSeq + 1 + i))
  }

  markHeld(seq: number): void {
    this.#heldSeq = seq
  }

  #event(seq: number): SpooledEvent {
    // The same whenever it is read again.
    const { afterSeq, atMs, everyMs } = this.#pace
    const sinceMs = (seq - afterSeq) * everyMs
    const at = { wallMs: atMs + sinceMs, monoMs: atMs + sinceMs, bootId: this.#bootId }
    if (seq % 4 !== 0) {
      const state = seq % 8 < 4 ? ('up' as const) : ('down' as const)
      const body = { kind: 'tracker' as const, tracker: 'script' as const, name: 'haproxy', state }
      return { seq, at, body: { ...body, value: null, why: 'exit code 1', output: null } }
    }
    const becomesActive = (seq % 8 === 0) === this.#isFirst
    const other = this.#isFirst ? 2 : 1
    return {
      seq,
      at,
      body: {
        kind: 'transition',
        virtualRouter: 'web',
        vrid: this.#vrid,
        family: 'ipv4',
        interface: 'eth0',
        from: becomesActive ? 'backup' : 'active',
        to: becomesActive ? 'active' : 'backup',
        reason: becomesActive ? 'no-response' : 'higher-priority-backup',
        priority: this.#isFirst ? 200 : 150,
        heard: { address: `192.0.2.${other}`, priority: this.#isFirst ? 150 : 200, agoMs: 321.5 },
        source: `192.0.2.${this.#isFirst ? 1 : 2}`,
        outageMs: becomesActive ? 322.25 : null,
        addresses: ['192.0.2.100/24'],
      },
    }
  }
}

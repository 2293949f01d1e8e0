/** The spool of a simulated agent: in memory, and on its simulated disk for ever. What it holds is the agent's recording. */
import { randomBytes } from 'node:crypto'
import type { EventBody, Observed, SpooledEvent } from '@aloft/shared/protocol/events'
import type { UplinkOptions } from '../../agent/src/steward/uplink.ts'

type SpoolOfUplink = UplinkOptions['spool']

export class MemorySpool implements SpoolOfUplink {
  readonly epoch = randomBytes(8).toString('hex')
  /** Everything ever observed, by seq from 1: what history must equal. */
  readonly recording: SpooledEvent[] = []
  #firstSeq = 1
  #heldSeq = 0
  #listener: () => void = () => {}

  get condition() {
    return {
      epoch: this.epoch,
      firstSeq: this.#firstSeq,
      lastSeq: this.recording.length,
      heldSeq: this.#heldSeq,
      error: null,
    }
  }

  onChange(listener: () => void): void {
    this.#listener = listener
  }

  observe(at: Observed, body: EventBody): void {
    this.recording.push({ seq: this.recording.length + 1, at, body })
    this.#listener()
  }

  async read(
    afterSeq: number,
    { countMax, bytesMax }: { readonly countMax: number; readonly bytesMax: number },
  ): Promise<readonly SpooledEvent[]> {
    const from = Math.max(afterSeq, this.#firstSeq - 1)
    const events: SpooledEvent[] = []
    let bytes = 0
    for (const event of this.recording.slice(from, from + countMax)) {
      bytes += JSON.stringify(event).length + 1
      if (bytes > bytesMax && events.length > 0) break
      events.push(event)
    }
    return events
  }

  markHeld(seq: number): void {
    this.#heldSeq = seq
  }

  /**
   * What a steward that was killed leaves to the next: the cursor of acks is written every half second, so it may be
   * old; and what was acknowledged may have been given up meanwhile.
   */
  reopen({ cursorLag, forget }: { readonly cursorLag: number; readonly forget: boolean }): void {
    this.#listener = () => {}
    if (forget) this.#firstSeq = Math.max(this.#firstSeq, this.#heldSeq + 1)
    this.#heldSeq = Math.max(this.#firstSeq - 1, this.#heldSeq - cursorLag)
  }
}

/** Two ends of a session on a bad wire: losses, reordering, clocks that run apart. Each seed is a run that repeats. */
import { describe, expect, it } from 'vitest'
import { VirtualTime } from '../simulated/clock.ts'
import { between, chance, type Entropy, seededEntropy } from '../simulated/entropy.ts'
import { type ControlPacket, decodeControlPacket, encodeControlPacket } from './packet.ts'
import {
  detectionMs,
  newSession,
  nextWakeup,
  type Session,
  type SessionEvent,
  type SessionParameters,
  type StateChange,
  step,
} from './session.ts'

interface Wire {
  loss: number
  /** Packets overtake each other where this spreads. */
  readonly delayMs: readonly [number, number]
}

class End {
  session: Session
  readonly changes: { readonly at: number; readonly change: StateChange }[] = []
  isDead = false
  other: End | null = null
  readonly #parameters: SessionParameters
  readonly #time: VirtualTime
  readonly #entropy: Entropy
  readonly #wire: Wire
  /** Its clock shows this many milliseconds for each true one. */
  readonly #rate: number
  #cancel = () => {}

  constructor(
    parameters: SessionParameters,
    world: { time: VirtualTime; entropy: Entropy; wire: Wire; rate: number },
  ) {
    this.#parameters = parameters
    this.#time = world.time
    this.#entropy = world.entropy
    this.#wire = world.wire
    this.#rate = world.rate
    this.session = newSession(parameters, this.#now())
    this.#arm()
  }

  lastChange(): StateChange | undefined {
    return this.changes.at(-1)?.change
  }

  tell(event: SessionEvent): void {
    if (this.isDead) return
    const moment = { now: this.#now(), chance: this.#entropy.next() }
    const [session, actions] = step(this.#parameters, this.session, event, moment)
    this.session = session
    for (const action of actions) {
      if (action.do === 'send') this.#send(action.packet)
      else this.changes.push({ at: this.#time.now(), change: action.change })
    }
    this.#arm()
  }

  #now(): number {
    return this.#time.now() * this.#rate
  }

  #arm(): void {
    this.#cancel()
    const at = nextWakeup(this.session)
    // A little late, as any timer: rounding must not make it ring before its time.
    if (at !== null) this.#cancel = this.#time.at(at / this.#rate + 0.001, () => this.tell({ kind: 'timer' }))
  }

  #send(packet: ControlPacket): void {
    if (chance(this.#entropy, this.#wire.loss)) return
    const [min, max] = this.#wire.delayMs
    const bytes = encodeControlPacket(packet)
    this.#time.at(this.#time.now() + between(this.#entropy, min, max), () => {
      const decoded = decodeControlPacket(bytes)
      if ('malformed' in decoded) throw new Error(decoded.malformed)
      this.other?.tell({ kind: 'packet', packet: decoded })
    })
  }
}

function pair(seed: number, wire: Wire): { readonly time: VirtualTime; readonly a: End; readonly b: End } {
  const entropy = seededEntropy(seed)
  const time = new VirtualTime()
  const parametersOf = (discriminator: number): SessionParameters => ({
    discriminator,
    minTxUs: Math.round(between(entropy, 10_000, 100_000)),
    minRxUs: Math.round(between(entropy, 10_000, 100_000)),
    idleTxUs: 1_000_000,
    multiplier: 3 + Math.floor(between(entropy, 0, 3)),
    passive: discriminator === 2 && chance(entropy, 0.5),
  })
  const endOf = (discriminator: number) =>
    new End(parametersOf(discriminator), { time, entropy, wire, rate: between(entropy, 0.999, 1.001) })
  const [a, b] = [endOf(1), endOf(2)]
  a.other = b
  b.other = a
  return { time, a, b }
}

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1)

describe('two ends of a session', () => {
  it('come up and stay up on a wire that loses nothing, whatever their timing and their clocks', () => {
    for (const seed of SEEDS) {
      const { time, a, b } = pair(seed, { loss: 0, delayMs: [3, 3] })
      time.advanceTo(60_000)
      for (const end of [a, b]) {
        expect(end.session.state, `seed ${seed}`).toBe('up')
        expect(end.session.polls, `seed ${seed}`).toBe(0)
        expect(
          end.changes.filter(({ change }) => change.from === 'up'),
          `seed ${seed}`,
        ).toEqual([])
      }
    }
  })

  it('come up in the end where a fifth of the packets is lost and others overtake', () => {
    for (const seed of SEEDS) {
      const wire: Wire = { loss: 0.2, delayMs: [0, 40] }
      const { time, a, b } = pair(seed, wire)
      time.advanceTo(120_000)
      expect([...a.changes, ...b.changes].some(({ change }) => change.to === 'up')).toBe(true)
      wire.loss = 0
      time.advanceTo(150_000)
      expect([a.session.state, b.session.state], `seed ${seed}`).toEqual(['up', 'up'])
    }
  })

  it('notice the other’s death within the detection time, and not before it is over', () => {
    for (const seed of SEEDS) {
      const { time, a, b } = pair(seed, { loss: 0, delayMs: [1, 1] })
      time.advanceTo(20_000)
      const detection = detectionMs(a.session) ?? 0
      b.isDead = true
      time.advanceTo(20_000 + 5_000)
      const noticed = a.changes.at(-1)
      expect(noticed?.change, `seed ${seed}`).toMatchObject({
        to: 'down',
        diagnostic: 'detection-time-expired',
      })
      const afterMs = (noticed?.at ?? 0) - 20_000
      expect(afterMs, `seed ${seed}`).toBeLessThanOrEqual(detection * 1.002 + 2)
      // The last packet came at most one interval before the death.
      expect(afterMs, `seed ${seed}`).toBeGreaterThan(detection / 2)
    }
  })
})

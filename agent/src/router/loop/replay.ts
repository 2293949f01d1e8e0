/**
 * Runs the loop again on what a process recorded. The loop is the same code and reads the same clock readings, so
 * that it does the same: a failure in production is a recording away from being a test.
 */
import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import type { Prefix } from '@aloft/shared/network/prefix'
import type { EventBody } from '@aloft/shared/protocol/events'
import type { BfdPath } from '../../world/bfd-links.ts'
import type { Holding } from '../../world/holdings.ts'
import type {
  Endpoint,
  LinkState,
  OutgoingPacket,
  RecordedInput,
  RouterWorld,
} from '../../world/router-world.ts'
import type { HandedRouter } from './handed-over.ts'
import { bytesOfHex, hexOf } from './hex.ts'
import { keyOf } from './instance.ts'
import { RouterLoop } from './router-loop.ts'

/** One thing the loop did, and when. */
export interface Output {
  readonly at: number
  readonly output: OutputBody
}

export type OutputBody =
  | ({ readonly do: 'open' | 'close' } & Endpoint)
  | ({ readonly do: 'send'; readonly interfaceName: string; readonly payload: string } & Omit<
      OutgoingPacket,
      'payload'
    >)
  | { readonly do: 'acquire' | 'release'; readonly holding: Holding }
  | { readonly do: 'renew'; readonly holders: readonly string[] }
  | { readonly do: 'announce'; readonly interfaceName: string; readonly addresses: readonly Prefix[] }
  | { readonly do: 'bfd'; readonly path: BfdPath; readonly payload: string }
  | { readonly do: 'journal'; readonly body: EventBody }

/** What the recorded process did, in order. Throws RangeError on an input that no loop has recorded. */
export function replay(inputs: Iterable<RecordedInput>): Output[] {
  const recorded = [...inputs]
  const world = new ReplayWorld()
  const { bfd, ...others } = world.asRouterWorld()
  // Whoever has a session has drawn its discriminator.
  const hasBfd = recorded.some(({ input }) => input.kind === 'chance')
  const loop = new RouterLoop(hasBfd && bfd ? { ...others, bfd } : others)
  let resume: { key: string; gapMs: number }[] = []
  let adopted: HandedRouter[] = []
  for (const [entry, readings] of withReadings(recorded)) {
    world.begin(entry.at, readings)
    const { input } = entry
    if (input.kind === 'resume') resume.push({ key: input.key, gapMs: input.gapMs })
    else if (input.kind === 'adopt') adopted.push(input.router)
    else if (input.kind === 'configure') {
      const settings = { ...AGENT_DEFAULTS, ...input.settings }
      loop.configure(input.routers, { resume, adopted, settings })
      resume = []
      adopted = []
    } else feed(loop, world, input)
  }
  return world.outputs
}

function feed(loop: RouterLoop, world: ReplayWorld, input: RecordedInput['input']): void {
  if (input.kind === 'datagram') {
    loop.datagram({ ...input.datagram, payload: bytesOfHex(input.datagram.payload) })
  } else if (input.kind === 'bfd') {
    loop.bfd({ ...input.datagram, payload: bytesOfHex(input.datagram.payload) })
  } else if (input.kind === 'undecodable') {
    loop.undecodable(input.packet)
  } else if (input.kind === 'link') {
    world.links.set(input.interfaceName, input.state)
    loop.linkChanged(input.interfaceName)
  } else if (input.kind === 'holding-failed') {
    loop.holdingFailed(input.failure)
  } else if (input.kind === 'address-claimed') {
    loop.addressClaimed(input.claim)
  } else if (input.kind === 'holding-lost') {
    loop.holdingLost(input.loss)
  } else if (input.kind === 'virtual-link') {
    world.virtualLinkProblems.set(input.router, input.problem)
    loop.virtualLinkChanged(input.router)
  } else if (input.kind === 'tracked') {
    loop.tracked(input.verdicts)
  } else if (input.kind === 'alarm') {
    loop.alarm()
  } else if (input.kind === 'hand-over') {
    loop.handOver()
  } else if (input.kind === 'shutdown') {
    loop.shutdown()
  } else if (input.kind === 'step-down') {
    const { name, forMs, undo } = input
    loop.stepDown({ name, forMs, undo })
  } else {
    throw new RangeError(`not an input of the router loop: ${JSON.stringify(input)}`)
  }
}

/** What was read while an input was handled: clocks, again, and numbers drawn. */
interface Readings {
  readonly now: number[]
  readonly wall: number[]
  readonly draws: number[]
}

/** Each input with what else was read while it was handled. */
function* withReadings(inputs: Iterable<RecordedInput>): Generator<[RecordedInput, Readings]> {
  let current: [RecordedInput, Readings] | null = null
  for (const entry of inputs) {
    const { input } = entry
    if (input.kind === 'clock') current?.[1].now.push(entry.at)
    else if (input.kind === 'wall-clock') current?.[1].wall.push(input.wallMs)
    else if (input.kind === 'chance') current?.[1].draws.push(input.drawn)
    else {
      if (current !== null) yield current
      current = [entry, { now: [], wall: [], draws: [] }]
    }
  }
  if (current !== null) yield current
}

class ReplayWorld {
  readonly outputs: Output[] = []
  readonly links = new Map<string, LinkState | null>()
  /** By the router's key. */
  readonly virtualLinkProblems = new Map<string, string | null>()
  #at = 0
  #isBegun = false
  #readings: Readings = { now: [], wall: [], draws: [] }

  begin(at: number, readings: Readings): void {
    this.#at = at
    this.#isBegun = false
    this.#readings = readings
  }

  asRouterWorld(): RouterWorld {
    return {
      clock: { now: () => this.#now(), wallMs: () => this.#readings.wall.shift() ?? this.#at },
      alarm: { set: () => {} },
      recorder: { record: () => {} },
      journal: { append: (body, at) => this.outputs.push({ at, output: { do: 'journal', body } }) },
      links: {
        open: (endpoint) => this.#log({ do: 'open', ...endpoint }),
        close: (endpoint) => this.#log({ do: 'close', ...endpoint }),
        watch: () => {},
        unwatch: () => {},
        state: (interfaceName) => this.links.get(interfaceName) ?? null,
        send: (interfaceName, packet) => {
          this.#log({ do: 'send', interfaceName, ...packet, payload: hexOf(packet.payload) })
          return true
        },
      },
      virtualLinks: {
        prepare: () => {},
        retain: () => {},
        raise: () => true,
        lower: () => {},
        send: (router, packet) => {
          this.#log({
            do: 'send',
            interfaceName: router.interface,
            ...packet,
            payload: hexOf(packet.payload),
          })
          return true
        },
        problem: (router) => this.virtualLinkProblems.get(keyOf(router)) ?? null,
      },
      bfd: {
        listen: () => null,
        ignore: () => {},
        send: (path, payload) => {
          this.#log({ do: 'bfd', path, payload: hexOf(payload) })
          return true
        },
        close: () => {},
        draw: () => this.#readings.draws.shift() ?? 0,
      },
      holdings: {
        acquire: (holding) => this.#log({ do: 'acquire', holding }),
        release: (holding) => this.#log({ do: 'release', holding }),
        renew: (holdings) => this.#log({ do: 'renew', holders: holdings.map(({ holder }) => holder) }),
        announce: (interfaceName, addresses) => this.#log({ do: 'announce', interfaceName, addresses }),
      },
    }
  }

  /** The first reading of an input is its time; each one after it was recorded by itself. */
  #now(): number {
    if (this.#isBegun) this.#at = this.#readings.now.shift() ?? this.#at
    this.#isBegun = true
    return this.#at
  }

  #log(output: OutputBody): void {
    this.outputs.push({ at: this.#at, output })
  }
}

import { AGENT_DEFAULTS, ROUTER_DEFAULTS } from '@aloft/shared/config/agent-config'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { address, prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import type { BfdPath } from '../../world/bfd-links.ts'
import { advertisementFrom, FakeWorld, PEER } from './fake-world.test.support.ts'
import { replay } from './replay.ts'
import { RouterLoop } from './router-loop.ts'
import { RunningRouters } from './running-routers.ts'

afterEach(() => vi.restoreAllMocks())

const OTHER = address('192.0.2.3')

/** With BFD that goes nowhere: pairing asks, and is never answered. */
class PairedWorld extends FakeWorld {
  #drawn = 0
  readonly asked: { readonly at: number; readonly to: string }[] = []
  readonly bfd = {
    listen: () => null,
    ignore: () => {},
    send: ({ remote }: BfdPath) => {
      this.asked.push({ at: this.nowMs, to: remote })
      return true
    },
    close: () => {},
    draw: () => {
      this.#drawn = (this.#drawn + 0.137) % 1
      return this.#drawn
    },
  }

  constructor() {
    super()
    this.announceMs = 0.125
    this.linkStates.set('eth0', UP)
  }
}

const UP = {
  ...{ up: true, ipv4: address('192.0.2.1'), ipv6: address('fe80::1') },
  prefixes: [prefix('192.0.2.1/24')],
}
const DOWN = { ...UP, up: false }
const MOVED = { ...UP, ipv4: address('192.0.2.5') }
const ROUTERS = [
  routerConfig(),
  routerConfig({ name: 'mail', vrid: 52, preempt: { enabled: false, delayMs: 0 } }),
  routerConfig({ name: 'slow', vrid: 53, preempt: { enabled: true, delayMs: 700 }, version: 2 }),
  routerConfig({ name: 'one', vrid: 54 }),
  routerConfig({ name: 'two', vrid: 55 }),
]
const SYNC_GROUPS = [
  { name: 'both', members: ['one', 'two'], track: [], trackWeights: false, notify: ROUTER_DEFAULTS.notify },
]

const advertisement = fc.record({
  router: fc.nat(ROUTERS.length - 1),
  priority: fc.constantFrom(200, 200, 200, 100, 50, 0),
  source: fc.constantFrom(PEER, PEER, PEER, OTHER),
})

/** One thing that may befall a router; mostly, it hears its active. */
const anyInput = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(1, 90, 400, 1_000, 3_700).map((ms) => ({ do: 'advance' as const, ms })),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('hear' as const),
      all: fc.array(advertisement, { maxLength: 12 }),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('follow' as const),
      times: fc.integer({ min: 1, max: 6 }),
      // An interval that is not ours is a finding each time.
      intervalMs: fc.constantFrom(1_000, 1_000, 1_000, 900),
      priority: fc.constantFrom(200, 200, 50),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(25, 500, 10_000).map((ms) => ({ do: 'away' as const, ms })) },
  { weight: 1, arbitrary: fc.constantFrom(2_720, 3_700).map((ms) => ({ do: 'late' as const, ms })) },
  { weight: 1, arbitrary: fc.constantFrom(UP, DOWN, MOVED).map((state) => ({ do: 'link' as const, state })) },
  { weight: 1, arbitrary: fc.constantFrom(3, 5).map((routers) => ({ do: 'configure' as const, routers })) },
  { weight: 1, arbitrary: fc.boolean().map((undo) => ({ do: 'step-down' as const, undo })) },
)
type AnyInput = typeof anyInput extends fc.Arbitrary<infer T> ? T : never

function live(inputs: readonly AnyInput[], { together }: { readonly together: boolean }) {
  const world = new PairedWorld()
  const loop = new RouterLoop(world)
  const configure = (routers: number) =>
    loop.configure(ROUTERS.slice(0, routers), { settings: { ...AGENT_DEFAULTS, syncGroups: SYNC_GROUPS } })
  configure(ROUTERS.length)
  for (const input of inputs) {
    if (input.do === 'advance') world.advance(loop, input.ms)
    // Time passes, and the process does not run.
    else if (input.do === 'away') world.nowMs += input.ms
    else if (input.do === 'late') {
      world.nowMs += input.ms
      loop.alarm()
    } else if (input.do === 'hear') {
      const deliver = () => {
        for (const { router, priority, source } of input.all) {
          const config = ROUTERS[router] ?? routerConfig()
          loop.datagram(advertisementFrom(config, { priority, source }))
        }
      }
      if (together) loop.together(deliver)
      else deliver()
    } else if (input.do === 'follow') {
      for (let i = 0; i < input.times; i++) {
        const all = () => {
          for (const config of ROUTERS) {
            const advertisementIntervalMs = config.version === 3 ? input.intervalMs : 1_000
            loop.datagram(
              advertisementFrom({ ...config, advertisementIntervalMs }, { priority: input.priority }),
            )
          }
        }
        if (together) loop.together(all)
        else all()
        world.advance(loop, 900)
      }
    } else if (input.do === 'link') {
      world.linkStates.set('eth0', input.state)
      loop.linkChanged('eth0')
    } else if (input.do === 'configure') configure(input.routers)
    else loop.stepDown({ name: 'web', forMs: 2_000, undo: input.undo })
  }
  const { done, events, asked, recording } = world
  const heard = recording.filter(({ input }) => input.kind !== 'alarm')
  return { done, events, asked, heard, status: loop.status(), recording }
}

describe('the short way of an advertisement that comes again', () => {
  it('leads to all that the long one does, datagrams delivered together or not', () => {
    let shortcuts = 0
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 40 }), (inputs) => {
        const again = vi.spyOn(RunningRouters.prototype, 'hearAgain')
        const { recording: _, ...short } = live(inputs, { together: true })
        shortcuts += again.mock.results.filter(({ value }) => value === true).length
        again.mockReturnValue(false)
        const { recording: __, ...long } = live(inputs, { together: false })
        again.mockRestore()
        expect(short).toEqual(long)
      }),
      { seed: 11, numRuns: 300 },
    )
    expect(shortcuts).toBeGreaterThan(1_000)
  })

  it('is recorded so that a replay does the same', () => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 40 }), (inputs) => {
        const { recording, events } = live(inputs, { together: true })
        const outputs = replay(JSON.parse(JSON.stringify(recording)))
        const told = outputs.flatMap(({ at, output }) =>
          output.do === 'journal' ? [{ body: output.body, at }] : [],
        )
        expect(told).toEqual(events)
      }),
      { seed: 12, numRuns: 150 },
    )
  })
})

it('a backup that was late, and has heard its active since, is patient again when it is late again', () => {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  loop.configure([routerConfig()])
  const hear = () => loop.datagram(advertisementFrom(routerConfig(), { priority: 200 }))
  for (let i = 0; i < 3; i++) hear()
  for (let i = 0; i < 2; i++) {
    world.nowMs += 3_700
    loop.alarm()
    expect(loop.status().virtualRouters[0]?.role).toBe('backup')
    hear()
  }
})

describe('datagrams of one read', () => {
  function following() {
    const world = new FakeWorld()
    const loop = new RouterLoop(world)
    const config = routerConfig()
    loop.configure([config])
    const hear = () => loop.datagram(advertisementFrom(config, { priority: 200 }))
    // The first is remembered, the second shows that it changes nothing.
    for (let i = 0; i < 2; i++) hear()
    return { world, loop, hear, config }
  }

  it('have one time', () => {
    const { world, loop, hear } = following()
    world.recording.splice(0)
    world.nowMs += 10
    loop.together(() => {
      for (let i = 0; i < 3; i++) {
        hear()
        world.nowMs += 5
      }
    })
    expect(world.recording.map(({ at }) => at)).toEqual([1_000_010, 1_000_010, 1_000_010])
    hear()
    expect(world.recording.at(-1)?.at).toBe(1_000_025)
  })

  it('have another one after something was done that may have taken time', () => {
    const { world, loop, hear, config } = following()
    world.recording.splice(0)
    loop.together(() => {
      hear()
      loop.datagram(advertisementFrom(config, { priority: 0 }))
      world.nowMs += 5
      hear()
    })
    expect(world.recording.map(({ at }) => at - 1_000_000)).toEqual([0, 0, 5])
  })

  it('move the alarm once, and when one of them fails as well', () => {
    const { world, loop, hear, config } = following()
    const before = world.alarmsSet
    const deliver = () => {
      hear()
      // Resigns: the alarm must ring sooner than before.
      loop.datagram(advertisementFrom(config, { priority: 0 }))
      loop.datagram(advertisementFrom(config, { priority: 0, source: OTHER }))
      expect(world.alarmsSet).toBe(before)
      throw new Error('of one of them')
    }
    expect(() => loop.together(deliver)).toThrow('of one of them')
    expect(world.alarmsSet).toBe(before + 1)
    expect(world.armedAt).toBeCloseTo(1_000_000 + (156 / 256) * 1_000)
  })
})

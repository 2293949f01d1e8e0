import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { address, routerConfig } from '../../vrrp/examples.test.support.ts'
import type { RecordedInput } from '../../world/router-world.ts'
import { advertisementFrom, FakeWorld, refusal, wordsOfHolding } from './fake-world.test.support.ts'
import { bytesOfHex, hexOf } from './hex.ts'
import { type Output, replay } from './replay.ts'
import { RouterLoop } from './router-loop.ts'

/** An output in the words of FakeWorld. */
function wordsOf({ output }: Output): string[] {
  if ('holding' in output) return wordsOfHolding(output.do, output.holding)
  return [wordOf(output)]
}

function wordOf(output: Exclude<Output['output'], { holding: unknown }>): string {
  if (output.do === 'journal') {
    const { body } = output
    return body.kind === 'transition' ? `journal ${body.from} → ${body.to}` : `journal ${body.kind}`
  }
  if (output.do === 'send') return `send ${output.interfaceName} ${output.source} ${output.payload}`
  if (output.do === 'bfd') return `bfd ${output.path.remote} ${output.payload}`
  if (output.do === 'renew') return `renew ${output.holders.join(', ')}`
  if ('family' in output) return `${output.do} ${output.interfaceName} ${output.family}`
  return `${output.do} ${output.interfaceName} ${output.addresses.map((each) => each.address).join(' ')}`
}

function journalOf(outputs: readonly Output[]) {
  return outputs.flatMap(({ at, output }) => (output.do === 'journal' ? [{ body: output.body, at }] : []))
}

/** A recording as it comes out of a file. */
function throughText(recording: readonly RecordedInput[]): RecordedInput[] {
  return recording.map((entry) => JSON.parse(JSON.stringify(entry)))
}

const UP = { up: true, ipv4: address('192.0.2.1'), ipv6: null }

/** One thing that may befall a router. */
const anyInput = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 5000 }).map((ms) => ({ do: 'advance' as const, ms })) },
  { weight: 4, arbitrary: fc.nat(255).map((priority) => ({ do: 'hear' as const, priority })) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 24 }).map((payload) => ({ do: 'garbage' as const, payload })),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'undecodable' as const }) },
  { weight: 1, arbitrary: fc.boolean().map((up) => ({ do: 'link' as const, up })) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2).map((routers) => ({ do: 'configure' as const, routers })) },
  { weight: 1, arbitrary: fc.constant({ do: 'fail' as const }) },
)

describe('a replay', () => {
  it('does exactly what the recorded loop did, outages included', () => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 60 }), fc.boolean(), (inputs, isResumed) => {
        const world = new FakeWorld()
        world.announceMs = 0.125
        const loop = new RouterLoop(world)
        const routers = [
          routerConfig(),
          routerConfig({ name: 'mail', vrid: 52, preempt: { enabled: true, delayMs: 2000 } }),
        ]
        loop.configure(routers, { resume: isResumed ? [{ key: 'eth0 ipv4 51', gapMs: 5 }] : [] })
        for (const input of inputs) {
          if (input.do === 'advance') world.advance(loop, input.ms, { lateMs: input.ms % 3 })
          else if (input.do === 'hear')
            loop.datagram(advertisementFrom(routerConfig(), { priority: input.priority }))
          else if (input.do === 'garbage')
            loop.datagram({ ...advertisementFrom(routerConfig()), payload: input.payload })
          else if (input.do === 'undecodable')
            loop.undecodable({ interfaceName: 'eth0', family: 'ipv4', source: address('192.0.2.7') })
          else if (input.do === 'link') {
            world.linkStates.set('eth0', { ...UP, up: input.up })
            loop.linkChanged('eth0')
          } else if (input.do === 'configure') loop.configure(routers.slice(0, input.routers))
          else loop.holdingFailed(refusal('192.0.2.100/24 dev eth0'))
        }
        loop.shutdown()

        const outputs = replay(throughText(world.recording))
        expect(outputs.flatMap(wordsOf)).toEqual(world.done)
        expect(journalOf(outputs)).toEqual(world.events)
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  it('refuses what no loop has recorded', () => {
    const strange = JSON.parse('[{"at":1,"input":{"kind":"dream"}}]')
    expect(() => replay(strange)).toThrow('not an input of the router loop: {"kind":"dream"}')
  })

  it('of nothing is nothing', () => {
    expect(replay([])).toEqual([])
  })
})

describe('bytes as text', () => {
  it('go there and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(hexOf(bytes)).toBe(Buffer.from(bytes).toString('hex'))
        expect(bytesOfHex(hexOf(bytes))).toEqual(bytes)
      }),
      { seed: 8 },
    )
  })

  it.each(['0', 'zz', '0x12', '12 34'])('%j is refused', (text) => {
    expect(() => bytesOfHex(text)).toThrow(RangeError)
  })
})

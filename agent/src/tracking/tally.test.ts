import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { afterResult, beginTally, type Tally } from './tally.ts'

const script = { rise: 2, fall: 3, initially: 'unknown' } as const

function states(results: readonly boolean[], begin: Tally = beginTally(script, null)): string[] {
  let tally = begin
  return results.map((ok) => {
    tally = afterResult(script, tally, ok)
    return tally.state
  })
}

describe('keepalived-and-vrrp.md §1.9: rise and fall', () => {
  it('after the start one success is enough', () => {
    expect(states([true])).toEqual(['up'])
  })

  it('after the start one failure is enough', () => {
    expect(states([false])).toEqual(['down'])
  })

  it('failed only after fall failures in a row', () => {
    expect(states([true, false, false, true, false, false, false])).toEqual([
      'up',
      'up',
      'up',
      'up',
      'up',
      'up',
      'down',
    ])
  })

  it('well again only after rise successes in a row', () => {
    expect(states([false, true, false, true, true])).toEqual(['down', 'down', 'down', 'down', 'up'])
  })

  it('init_fail: failed until the first result, which is then one of rise', () => {
    const begin = beginTally({ initially: 'failed' }, null)
    expect(begin.state).toBe('down')
    expect(states([true, true], begin)).toEqual(['down', 'up'])
  })

  it('a steward that was restarted goes on where the last one stood: one bad run is no flap', () => {
    expect(states([false], beginTally(script, 'up'))).toEqual(['up'])
    expect(states([true], beginTally(script, 'down'))).toEqual(['down'])
    expect(beginTally(script, 'unknown').state).toBe('unknown')
  })

  it('never changes without the results in a row that it takes', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (results) => {
        const seen = states(results)
        for (let i = 1; i < seen.length; i++) {
          if (seen[i] === seen[i - 1]) continue
          const needed = seen[i] === 'up' ? script.rise : script.fall
          expect(results.slice(i + 1 - needed, i + 1)).toEqual(Array(needed).fill(seen[i] === 'up'))
        }
      }),
    )
  })
})

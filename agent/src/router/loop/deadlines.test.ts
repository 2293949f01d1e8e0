import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DeadlineHolder, Deadlines } from './deadlines.ts'

interface Holder extends DeadlineHolder {
  readonly name: number
}

describe('deadlines', () => {
  it('first is always the earliest of those set, whatever is set, moved and removed', () => {
    const change = fc.record({ who: fc.nat(19), dueAt: fc.option(fc.nat(50)) })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const deadlines = new Deadlines<Holder>()
        const holders = Array.from({ length: 20 }, (_, name) => ({ name, dueAt: 0, heapIndex: -1 }))
        const expected = new Map<number, number>()
        for (const { who, dueAt } of changes) {
          const holder = holders[who]
          if (holder === undefined) throw new Error('no such holder')
          deadlines.set(holder, dueAt)
          if (dueAt === null) expected.delete(who)
          else expected.set(who, dueAt)
          const first = deadlines.first()
          expect(first?.dueAt).toBe(expected.size === 0 ? undefined : Math.min(...expected.values()))
          if (first) expect(expected.get(first.name)).toBe(first.dueAt)
        }
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('those due in the same moment come in the order in which they got a deadline, however often one was looked for', () => {
    const move = fc.record({ who: fc.nat(9), dueAt: fc.nat(5), isLookedFor: fc.boolean() })
    const drained = (moves: readonly { who: number; dueAt: number; isLookedFor: boolean }[]) => {
      const deadlines = new Deadlines<Holder>()
      const holders = Array.from({ length: 10 }, (_, name) => ({ name, dueAt: 0, heapIndex: -1 }))
      for (const holder of holders) deadlines.set(holder, 0)
      for (const { who, dueAt, isLookedFor } of moves) {
        const holder = holders[who]
        if (holder) deadlines.set(holder, dueAt)
        if (isLookedFor) deadlines.first()
      }
      const order: Holder[] = []
      for (let first = deadlines.first(); first; first = deadlines.first()) {
        order.push(first)
        deadlines.set(first, null)
      }
      return { order, sorted: [...holders].sort((a, b) => a.dueAt - b.dueAt) }
    }
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const { order, sorted } = drained(moves)
        expect(order).toEqual(sorted)
      }),
      { seed: 2, numRuns: 500 },
    )
  })

  it('knows a moment before which nobody is due, without looking for who is', () => {
    const deadlines = new Deadlines<Holder>()
    expect(deadlines.notBefore()).toBeNull()
    const holder = { name: 1, dueAt: 0, heapIndex: -1 }
    deadlines.set(holder, 5)
    deadlines.set(holder, 9)
    expect(deadlines.notBefore()).toBe(5)
    expect(deadlines.first()).toBe(holder)
    expect(deadlines.notBefore()).toBe(9)
    deadlines.set(holder, 7)
    expect(deadlines.notBefore()).toBe(7)
  })

  it('drains in order', () => {
    const deadlines = new Deadlines<Holder>()
    const times = [5, 3, 9, 3, 1, 7, 8, 2, 2]
    for (const [name, dueAt] of times.entries()) deadlines.set({ name, dueAt: 0, heapIndex: -1 }, dueAt)
    const drained: number[] = []
    for (let first = deadlines.first(); first; first = deadlines.first()) {
      drained.push(first.dueAt)
      deadlines.set(first, null)
      expect(first.heapIndex).toBe(-1)
    }
    expect(drained).toEqual([...times].sort((a, b) => a - b))
  })
})

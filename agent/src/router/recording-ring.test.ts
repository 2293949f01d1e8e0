import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ending, fullLine, RecordingRing } from './recording-ring.ts'

const instants = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: 0, max: 1_000_000_000 }).map((thousandths) => thousandths / 1_000),
)

/** One line: a text of its own, or one of a few that come again. */
const entry = fc.oneof(
  fc.record({ text: fc.stringMatching(/^[a-zä€ ]{0,40}$/) }),
  fc.record({ again: fc.nat(5), at: instants }),
)

function ending(text: string): Ending {
  return new Ending(`,"input":${JSON.stringify(text)}}\n`)
}

describe('a recording ring', () => {
  it('reads as the newest of all lines, in full and without a hole, whatever its size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 600 }), fc.array(entry, { maxLength: 80 }), (bytes, entries) => {
        const ring = new RecordingRing(bytes)
        const endings = ['a', 'bb', 'ß', '', 'a long one, longer than some rings', '€'].map(ending)
        const lines = entries.map((each) => {
          if ('text' in each) {
            ring.add(`${each.text}\n`)
            return `${each.text}\n`
          }
          const again = endings[each.again]
          if (again === undefined) throw new Error('no such ending')
          ring.addAgain(each.at, again)
          return fullLine(each.at, again)
        })
        const text = ring.text().replaceAll(/^\n+/gm, '')
        const all = lines.filter((line) => line !== '\n')
        if (!ring.hasLost) expect(text).toBe(all.join(''))
        else if (bytes > 60) expect(all.join('').endsWith(text)).toBe(true)
      }),
      { seed: 5, numRuns: 2_000 },
    )
  })

  it('holds ten times as many lines that come again as texts of their own', () => {
    const ring = new RecordingRing(2_000)
    const again = ending('x'.repeat(200))
    for (let i = 0; i < 1_000; i++) ring.addAgain(i + 0.25, again)
    const lines = ring.text().split('\n').slice(0, -1)
    expect(lines.length).toBeGreaterThan(130)
    expect(lines).toEqual(
      Array.from(lines, (_, i) => fullLine(1_000 - lines.length + i + 0.25, again).trimEnd()),
    )
  })

  it('writes in full what it has no number left for, and gives numbers that nothing needs any more to others', () => {
    const ring = new RecordingRing(100_000)
    const many = Array.from({ length: 5_000 }, (_, i) => ending(`${i}`))
    for (const [i, each] of many.entries()) ring.addAgain(i, each)
    const written = many.map((each, i) => fullLine(i, each)).join('')
    expect(written.endsWith(ring.text())).toBe(true)
    const late = ending('late')
    for (let i = 0; i < 20_000; i++) ring.addAgain(i, late)
    expect(late.number).toBeGreaterThanOrEqual(0)
    const lines = ring.text().split('\n').slice(0, -1)
    expect(new Set(lines.map((line) => line.replace(/^.*,"input"/, '')))).toEqual(new Set([':"late"}']))
  })
})

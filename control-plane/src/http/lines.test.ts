import { describe, expect, it } from 'vitest'
import { Conflict } from '../problems.ts'
import { linesAnswer } from './lines.ts'
import { problemOf } from './problem-answer.ts'

interface Asked {
  readonly cursor: string | undefined
  readonly limit: number
}

/** A list of `total` numbers; its cursor is the next one. */
function numbers(total: number, failsAt = Number.POSITIVE_INFINITY) {
  const asked: Asked[] = []
  const page = async (cursor: string | undefined, limit: number) => {
    asked.push({ cursor, limit })
    const from = Number(cursor ?? 0)
    if (from >= failsAt) throw new Conflict('it broke')
    const items = Array.from({ length: Math.min(limit, total - from) }, (_, i) => from + i)
    return { items, nextCursor: from + limit < total ? String(from + limit) : null }
  }
  return { asked, page, failed: (error: unknown) => problemOf(error, () => {}) }
}

const linesOf = async (answer: Response) =>
  (await answer.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('an export', () => {
  it('holds every item once and says that it is complete', async () => {
    const { page, failed, asked } = numbers(1_234)
    const answer = await linesAnswer({ page, failed, cursor: undefined, limit: null })
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = await linesOf(answer)
    expect(lines.slice(0, -1)).toEqual(Array.from({ length: 1_234 }, (_, i) => i))
    expect(lines.at(-1)).toEqual({ end: { items: 1_234, nextCursor: null } })
    expect(asked.map(({ cursor }) => cursor)).toEqual([undefined, '500', '1000'])
  })

  it('of nothing is its last line', async () => {
    const answer = await linesAnswer({ ...numbers(0), cursor: undefined, limit: null })
    expect(await answer.text()).toBe('{"end":{"items":0,"nextCursor":null}}\n')
  })

  it('begins after a cursor, ends at a limit, and names where to go on', async () => {
    const lines = await linesOf(await linesAnswer({ ...numbers(2_000), cursor: '10', limit: 700 }))
    expect([lines[0], lines.at(-2)]).toEqual([10, 709])
    expect(lines.at(-1)).toEqual({ end: { items: 700, nextCursor: '710' } })
  })

  it('that breaks off says so with the problem, after what it has', async () => {
    const lines = await linesOf(
      await linesAnswer({ ...numbers(2_000, 1_000), cursor: undefined, limit: null }),
    )
    expect(lines).toHaveLength(1_001)
    expect(lines.at(-1)).toEqual({
      failed: { type: 'urn:aloft:problem:conflict', title: 'Conflict', status: 409, detail: 'it broke' },
    })
  })

  it('that is refused at once is refused with a status', async () => {
    await expect(linesAnswer({ ...numbers(10, 0), cursor: undefined, limit: null })).rejects.toThrow(
      'it broke',
    )
  })

  it('is read no faster than it is taken, and not at all once nobody wants it', async () => {
    const { page, failed, asked } = numbers(100_000)
    const answer = await linesAnswer({ page, failed, cursor: undefined, limit: null })
    const reader = answer.body?.getReader()
    await reader?.read()
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked.length).toBeLessThanOrEqual(3)
    await reader?.cancel()
    const after = asked.length
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked.length).toBe(after)
  })
})

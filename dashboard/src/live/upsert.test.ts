import { describe, expect, it } from 'vitest'
import { byTimeDescending, upsert } from './upsert.ts'

describe('upsert', () => {
  const list = [
    { id: 'b', value: 1 },
    { id: 'a', value: 2 },
  ]

  it('replaces an item where it stood', () => {
    expect(upsert(list, { id: 'a', value: 3 })).toEqual([
      { id: 'b', value: 1 },
      { id: 'a', value: 3 },
    ])
  })

  it('puts a new item in front', () => {
    expect(upsert(list, { id: 'c', value: 4 }).map(({ id }) => id)).toEqual(['c', 'b', 'a'])
  })

  it('leaves the list it was given alone', () => {
    upsert(list, { id: 'a', value: 9 })
    expect(list[1]).toEqual({ id: 'a', value: 2 })
  })
})

describe('byTimeDescending', () => {
  it('puts the newest first and keeps equal instants in one order', () => {
    const rows = [
      { id: '1', occurredAt: '2026-01-01T00:00:00.000Z' },
      { id: '3', occurredAt: '2026-01-02T00:00:00.000Z' },
      { id: '2', occurredAt: '2026-01-02T00:00:00.000Z' },
    ]
    expect([...rows].sort(byTimeDescending).map(({ id }) => id)).toEqual(['3', '2', '1'])
    expect(
      [...rows]
        .reverse()
        .sort(byTimeDescending)
        .map(({ id }) => id),
    ).toEqual(['3', '2', '1'])
  })
})

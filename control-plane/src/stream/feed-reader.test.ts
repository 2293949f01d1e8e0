import { afterEach, expect, it } from 'vitest'
import { lonelyBus } from '../bus/lonely-bus.fixture.ts'
import type { Database } from '../database/client.ts'
import { createFeedReader, type FeedReader } from './feed-reader.ts'
import { follow } from './follow.ts'

const undo: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of undo.splice(0)) await end()
})

/** On a feed that ends at 7, which can be away. */
function rigged(): { readonly reader: FeedReader; readonly db: Database; readonly away: { is: boolean } } {
  const away = { is: false }
  const ends = async () => {
    if (away.is) throw new Error('the database is away')
    return [{ oldest: 1, newest: 7 }]
  }
  const limit = () => ({ prepare: () => ({ execute: async () => [] }) })
  const rows = { where: () => ({ orderBy: () => ({ limit }) }) }
  const db = {
    select: (columns?: object) => ({ from: () => (columns === undefined ? rows : ends()) }),
    _: { session: { dialect: {} } },
  } as unknown as Database
  const bus = lonelyBus()
  const reader = createFeedReader({ db, bus, warn: () => {} })
  undo.push(async () => {
    await reader.stop()
    await bus.stop()
  })
  return { reader, db, away }
}

it('whose first look fails says so to who asked, and looks again for the next', async () => {
  const { reader, away } = rigged()
  away.is = true
  await expect(reader.ready()).rejects.toThrow('away')
  away.is = false
  await reader.ready()
  expect(reader.position()).toBe(7)
})

it('has nobody to tell once they are gone', async () => {
  const { reader, db } = rigged()
  const body = follow({
    ...{ db, reader, after: null, reach: 'everywhere', keepAliveMs: 60_000 },
    reachNow: async () => 'everywhere',
  })
  const client = body.getReader()
  await client.read()
  await expect.poll(reader.followers).toBe(1)
  await client.cancel()
  expect(reader.followers()).toBe(0)
})

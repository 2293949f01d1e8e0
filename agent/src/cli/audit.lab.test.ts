import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AUDIT_GENESIS, auditText } from '@aloft/shared/api/audit'
import { afterEach, expect, it } from 'vitest'
import { aloft } from './cli.fixture.ts'

const servers: (() => void)[] = []
afterEach(() => {
  for (const close of servers.splice(0)) close()
})

interface Entry {
  id: number
  actorName: string
  after: object
  previousHash: string
  hash: string
}

/** `without`: that one was left out before the rest was chained. */
function chain(count: number, without: number | null = null): Entry[] {
  let previousHash = AUDIT_GENESIS
  const places = Array.from({ length: count }, (_, i) => i).filter((i) => i + 1 !== without)
  return places.map((i) => {
    const who = { actor: 'user:u', actorName: 'ann', credential: null, requestId: null }
    const what = { action: 'site.rename', targetKind: 'site', targetId: 's', siteId: null, before: null }
    const entry = {
      id: i + 1,
      atMs: 1_795_000_000_000 + i,
      ...who,
      ...what,
      after: { name: `s${i}` },
      previousHash,
    }
    const hash = createHash('sha256').update(auditText(entry)).digest('hex')
    previousHash = hash
    return { ...entry, at: new Date(entry.atMs).toISOString(), hash }
  })
}

async function verify(items: readonly Entry[], ...args: string[]) {
  const server = createServer((_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ items, nextCursor: null })),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(() => server.close())
  // A server that listens on TCP has an address and a port.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { ALOFT_URL: url, ALOFT_TOKEN: 'aloft_secret' }
  const { code, stdout, stderr } = await aloft(['audit', 'verify', ...args], { env })
  return [code, code === 0 ? stdout : stderr]
}

it('a chain that holds is confirmed, with its end', async () => {
  const entries = chain(5)
  expect(await verify(entries)).toEqual([0, expect.stringContaining(`5:${entries[4]?.hash}`)])
})

it.each([
  [
    'an entry that was changed',
    (all: Entry[]) => void Object.assign(all[2] ?? {}, { after: { name: 'x' } }),
    'entry 3',
  ],
  ['an entry that is gone', (all: Entry[]) => void all.splice(2, 1), 'entry 4'],
  [
    'a hash that was made anew',
    (all: Entry[]) => void Object.assign(all[2] ?? {}, { hash: '0'.repeat(64) }),
    'entry 3',
  ],
  [
    'an entry that is gone, with all after it chained anew',
    (all: Entry[]) => void all.splice(0, all.length, ...chain(5, 3)),
    'entry 4',
  ],
  [
    'an entry of another chain in its place',
    (all: Entry[]) => void all.splice(2, 1, ...chain(5, 2).filter(({ id }) => id === 3)),
    'entry 3',
  ],
  ['another beginning', (all: Entry[]) => void all.splice(0, 1), 'entry 2'],
])('%s is named, with exit 1', async (_, tamper, named) => {
  const entries = chain(5)
  tamper(entries)
  expect(await verify(entries)).toEqual([1, expect.stringContaining(named)])
})

it('an end that was noted must still be there', async () => {
  const entries = chain(5)
  const noted = `5:${entries[4]?.hash}`
  expect((await verify(entries, '--expect', noted))[0]).toBe(0)
  expect(await verify(entries.slice(0, 4), '--expect', noted)).toEqual([
    1,
    expect.stringContaining('cut off'),
  ])
  expect(await verify(chain(6), '--expect', `5:${'0'.repeat(64)}`)).toEqual([
    1,
    expect.stringContaining('made anew'),
  ])
})

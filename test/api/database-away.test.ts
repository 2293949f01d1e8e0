/** The database goes away and comes back: every route says so in the words of the API, and recovers by itself. */
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { openDatabase } from '@aloft/control-plane/database/client'
import { createTestDatabase, type TestDatabase } from '@aloft/control-plane/database/test-database'
import { operationsOf } from '@aloft/control-plane/http/api-document'
import { startTestApplication, type TestApplication } from '@aloft/control-plane/http/test-application'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schemaOf } from './arbitrary.ts'
import { fleetOf } from './fleet.ts'
import { requestsFor } from './requests.ts'

/** What stands between the application and PostgreSQL, as a cable does. */
interface Cable {
  readonly folder: string
  cut(): void
  mend(): Promise<void>
}

let direct: TestDatabase
let cable: Cable
let app: TestApplication

beforeAll(async () => {
  direct = await createTestDatabase()
  await fleetOf(direct)
  if (!('socketFolder' in direct.address)) throw new Error('the test server listens on a unix socket')
  cable = await cableTo(path.join(direct.address.socketFolder, '.s.PGSQL.5432'))
  const address = { ...direct.address, socketFolder: cable.folder }
  const through = openDatabase(address)
  app = await startTestApplication({ database: { ...through, address } })
})
afterAll(async () => {
  await cable.mend()
  await app.close()
  cable.cut()
  rmSync(cable.folder, { recursive: true })
  await direct.close()
})

async function cableTo(target: string): Promise<Cable> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-cable-'))
  const socket = path.join(folder, '.s.PGSQL.5432')
  const open = new Set<net.Socket>()
  let server: net.Server | null = null
  const mend = async () => {
    if (server !== null) return
    const listening = net.createServer((near) => {
      const far = net.connect(target)
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        open.add(from)
        from.pipe(to)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          open.delete(from)
          to.destroy()
        })
      }
    })
    server = listening
    await new Promise<void>((resolve) => listening.listen(socket, resolve))
  }
  const cut = () => {
    server?.close()
    server = null
    for (const each of open) each.destroy()
  }
  await mend()
  return { folder, cut, mend }
}

interface Asked {
  readonly name: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** One request that is allowed, for every operation of the document. */
async function oneOfEach(): Promise<readonly Asked[]> {
  const document: Parameters<typeof operationsOf>[0] = await (await app.fetch('/openapi.json')).json()
  const refs = (name: string) =>
    schemaOf(
      name
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>((value, part) => schemaOf(value)[part], document),
    )
  return operationsOf(document).map(([route, method, operation]) => {
    const target = { path: route, method, operation }
    const made = fc.sample(requestsFor(target, { refs, ids: () => [] }), { numRuns: 200, seed: 1 })
    const allowed = made.find(({ isAllowed }) => isAllowed)
    if (allowed === undefined) throw new Error(`no request for ${method} ${route}`)
    return { name: `${method.toUpperCase()} ${route}`, method: method.toUpperCase(), ...allowed }
  })
}

function send({ method, url, headers, body }: Asked): Promise<Response> {
  return app.fetch(url, { method, headers, ...(body === null ? {} : { body }) })
}

describe('while the database is away', () => {
  it('every operation answers 503 at once with when to try again, and the first after it is back is answered', async () => {
    const requests = await oneOfEach()
    expect(requests.length).toBeGreaterThan(15)
    cable.cut()
    for (const request of requests) {
      const beganMs = performance.now()
      const answer = await send(request)
      const seen = [answer.status, answer.headers.get('content-type'), (await answer.json()).type]
      expect(seen, request.name).toEqual([503, 'application/problem+json', 'urn:aloft:problem:unavailable'])
      expect(Number(answer.headers.get('retry-after')), request.name).toBeGreaterThanOrEqual(1)
      expect(performance.now() - beganMs, request.name).toBeLessThan(8_000)
    }
    await cable.mend()
    await expect
      .poll(async () => (await app.fetch('/readyz', { as: null })).status, { timeout: 10_000 })
      .toBe(200)
    for (const request of requests) {
      const answer = await send(request)
      expect(answer.status, request.name).toBeLessThan(500)
      await answer.body?.cancel()
    }
  })

  it.each([
    ['/readyz', 503],
    ['/healthz', 200],
    ['/metrics', 503],
    ['/openapi.json', 503],
    ['/docs', 503],
  ])('%s answers %i', async (route, status) => {
    cable.cut()
    expect((await app.fetch(route)).status).toBe(status)
    await cable.mend()
    await expect.poll(async () => (await app.fetch(route)).status, { timeout: 10_000 }).toBe(200)
  })

  it('that was lost in the middle of an idempotent POST, the same key finds out what became of it', async () => {
    const post = () =>
      app.fetch('/api/v1/enrolment-tokens', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'middle' },
        body: '{"site":"paris"}',
      })
    const before = (await direct.sql`select from enrolment_tokens`).length
    // The verb waits for the row of its key; meanwhile its connection is cut.
    await direct.sql.begin(async (held) => {
      await held`lock table enrolment_tokens in access exclusive mode`
      const pending = post()
      await expect
        .poll(async () => (await direct.sql`select from pg_locks where not granted`).length, {
          timeout: 5_000,
        })
        .toBeGreaterThan(0)
      cable.cut()
      expect((await pending).status).toBe(503)
    })
    await cable.mend()
    await expect.poll(async () => (await post()).status, { timeout: 10_000 }).toBe(201)
    expect((await post()).headers.get('idempotency-replayed')).toBe('true')
    expect((await direct.sql`select from enrolment_tokens`).length).toBe(before + 1)
  })

  it('nothing of that is a fault of our own', () => {
    // What looks each second says that it cannot, where a cut lasts so long.
    const others = app.faults.filter((fault) => !String(fault).startsWith('cannot read the feed'))
    expect(others).toEqual([])
  })
})

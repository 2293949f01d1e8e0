/** Both carriers run the same tests: what a bus promises does not depend on who carries. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { until } from '../gateway/test-agent.ts'
import { type Bus, type Carrier, createBus } from './bus.ts'
import { natsCarrier, parseNatsAddress } from './nats-carrier.ts'
import { startTestNats, type TestNats } from './nats-server.fixture.ts'
import { notifyCarrier } from './store-notify.ts'

interface Rig {
  carrier(): Carrier
  /** Takes what carries away, and gives it back. */
  breakCarrier(): Promise<void>
  mend(): Promise<void>
  stop(): Promise<void>
}

let database: TestDatabase
/** From where the other one can be closed to everybody. */
let elsewhere: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  elsewhere = await createTestDatabase()
})
afterAll(async () => {
  await database.close()
  await elsewhere.close()
})

async function postgresRig(): Promise<Rig> {
  const name = String((await database.sql`select current_database() as name`)[0]?.['name'])
  const admin = elsewhere.sql
  return {
    carrier: () => notifyCarrier(database),
    // Whoever listens is thrown out, and nobody may come back: the driver's own attempt to listen anew fails too.
    breakCarrier: async () => {
      await admin.unsafe(`alter database ${name} with allow_connections false`)
      await admin`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = ${name} and query ilike 'listen%'`
    },
    mend: async () => void (await admin.unsafe(`alter database ${name} with allow_connections true`)),
    stop: async () => {},
  }
}

async function natsRig(): Promise<Rig> {
  const nats: TestNats = await startTestNats()
  return {
    carrier: () => natsCarrier(parseNatsAddress(nats.url)),
    breakCarrier: () => nats.kill(),
    mend: () => nats.start(),
    stop: () => nats.kill(),
  }
}

describe.each([
  ['PostgreSQL NOTIFY', postgresRig],
  ['NATS', natsRig],
])('a bus over %s', (_name, startRig) => {
  let rig: Rig
  const open: Bus[] = []
  const said: string[] = []

  beforeEach(async () => {
    rig = await startRig()
  })
  afterEach(async () => {
    for (const bus of open.splice(0)) await bus.stop()
    await rig.stop()
    said.length = 0
  })

  function newBus(lookEveryMs = 60_000): Bus {
    const note = (_facts: object, message: string) => void said.push(message)
    const bus = createBus({
      carrier: rig.carrier(),
      log: { info: note, warn: note },
      lookEveryMs,
      probeEveryMs: 200,
    })
    open.push(bus)
    return bus
  }

  /** A bus that follows the feed; what it was told to look for. */
  async function follower(lookEveryMs?: number) {
    const bus = newBus(lookEveryMs)
    const looks: (string | null)[] = []
    const end = bus.subscribe('feed', (cursor) => void looks.push(cursor))
    await until('the bus hears itself', async () => bus.figures().heard)
    return { bus, looks, end }
  }

  it('tells every other replica to look, and how far', async () => {
    const [one, two, three] = [await follower(), await follower(), await follower()]
    one.bus.publish('feed', '17')
    await until('all were told', async () => [one, two, three].every(({ looks }) => looks.includes('17')))
    expect([one.looks, two.looks, three.looks]).toEqual([['17'], ['17'], ['17']])
  })

  it('tells those of another topic nothing', async () => {
    const [one, two] = [await follower(), await follower()]
    one.bus.publish('commands', 'c1')
    one.bus.publish('feed', '1')
    await until('it was told', async () => two.looks.length > 0)
    expect(two.looks).toEqual(['1'])
  })

  it('tells who is on the same replica without the way there and back', async () => {
    const one = await follower()
    one.bus.publish('feed', '5')
    expect(one.looks).toEqual(['5'])
  })

  it('carries what is published by somebody who never listens', async () => {
    const [speaker, one] = [newBus(), await follower()]
    speaker.publish('feed', '9')
    await until('it was told', async () => one.looks.includes('9'))
  })

  it('sends a burst as few messages, the last of them for certain', async () => {
    const [one, two] = [await follower(), await follower()]
    const before = one.bus.figures().sent
    for (let id = 1; id <= 1_000; id++) one.bus.publish('feed', String(id))
    await until('the last one came', async () => two.looks.at(-1) === '1000')
    expect(one.bus.figures().sent - before).toBeLessThan(20)
  })

  it('tells nobody who ended', async () => {
    const [one, two] = [await follower(), await follower()]
    two.end()
    one.bus.publish('feed', '1')
    const three = await follower()
    one.bus.publish('feed', '2')
    await until('a later one was told', async () => three.looks.includes('2'))
    expect(two.looks).toEqual([])
  })

  it('lets everybody look regularly, whatever is published', async () => {
    const one = await follower(20)
    await until('it looked', async () => one.looks.filter((look) => look === null).length >= 3)
  })

  it('costs speed alone when it breaks: looks go on, it says so, and carries again by itself', async () => {
    const [one, two] = [await follower(50), await follower(50)]
    await rig.breakCarrier()
    await until('the loss was noticed', async () => !one.bus.figures().heard && !two.bus.figures().heard)
    const before = two.looks.length
    one.bus.publish('feed', '40')
    await until('it looks all the same', async () => two.looks.length > before + 2)
    await rig.mend()
    await until('both are heard again', async () => one.bus.figures().heard && two.bus.figures().heard)
    one.bus.publish('feed', '41')
    await until('messages arrive again', async () => two.looks.includes('41'))
    expect(
      two.looks.filter((look) => look === '41'),
      'though it was listened to anew',
    ).toHaveLength(1)
    expect(two.looks, 'what was said meanwhile is gone: everybody looked').not.toContain('40')
    expect(said.filter((line) => line.startsWith('the bus is silent')).length).toBe(2)
    expect(said.filter((line) => line === 'the bus carries again').length).toBe(2)
  })

  it('starts while nothing carries, and joins when something does', async () => {
    await rig.breakCarrier()
    const bus = newBus(50)
    const looks: (string | null)[] = []
    bus.subscribe('feed', (cursor) => void looks.push(cursor))
    await until('it looks', async () => looks.length > 2)
    await rig.mend()
    await until('it is heard', async () => bus.figures().heard)
  })

  it('stops while nothing carries', async () => {
    await rig.breakCarrier()
    const bus = newBus(50)
    const looks: (string | null)[] = []
    bus.subscribe('feed', (cursor) => void looks.push(cursor))
    bus.publish('feed', '1')
    await bus.stop()
    await rig.mend()
    const before = looks.length
    bus.publish('feed', '2')
    expect(looks.slice(before), 'nobody looks any more').toEqual([])
  })
})

it('over NATS keeps nothing for when the server is back: it is gone, and who sent it is told', async () => {
  const nats = await startTestNats()
  const address = parseNatsAddress(nats.url)
  const [one, two] = [natsCarrier(address), natsCarrier(address)]
  const heard: string[] = []
  await two.listen((message) => void heard.push(message))
  const arrives = (message: string) =>
    until(`${message} arrived`, async () => {
      await one.send([message]).catch(() => {})
      return heard.includes(message)
    })
  await arrives('before')
  await nats.kill()
  await until('it is told', () =>
    one.send(['meanwhile']).then(
      () => false,
      () => true,
    ),
  )
  heard.length = 0
  await expect(one.send(['kept'])).rejects.toThrow('NATS is away')
  await nats.start()
  await arrives('after')
  expect(heard).not.toContain('kept')
  for (const carrier of [one, two]) await carrier.stop()
  await nats.kill()
})

it('over NATS comes back by itself after a server that refused it, too', async () => {
  const nats = await startTestNats()
  const carrier = natsCarrier(parseNatsAddress(nats.url))
  const heard: string[] = []
  const arrives = (message: string) =>
    until(`${message} arrived`, async () => {
      await carrier.listen((each) => void heard.push(each)).catch(() => {})
      await carrier.send([message]).catch(() => {})
      return heard.includes(message)
    })
  await arrives('before')
  await nats.kill()
  await nats.start({ locked: true })
  // The client gives up for good when it is refused twice.
  await until('it is refused', () =>
    carrier.send(['meanwhile']).then(
      () => false,
      (error) => /authori[sz]ation/i.test(String(error)),
    ),
  )
  await nats.kill()
  await nats.start()
  await arrives('after')
  await carrier.stop()
  await nats.kill()
})

it('over NATS keeps to its subject: another centre on the same server hears nothing of it', async () => {
  const nats = await startTestNats()
  const quiet = { info: () => {}, warn: () => {} }
  const busOf = (subject: string) =>
    createBus({
      carrier: natsCarrier(parseNatsAddress(nats.url.replace(/[^/]*$/, subject))),
      log: quiet,
      probeEveryMs: 50,
    })
  const [ours, theirs] = [busOf('ours'), busOf('theirs')]
  const looks: (string | null)[] = []
  theirs.subscribe('feed', (cursor) => void looks.push(cursor))
  ours.subscribe('feed', () => {})
  await until('both are heard', async () => ours.figures().heard && theirs.figures().heard)
  ours.publish('feed', '17')
  // What comes after it on the same connection has come: so would it have.
  const sent = theirs.figures().sent
  await until('more was heard', async () => theirs.figures().sent > sent + 2)
  expect(looks.filter((look) => look !== null)).toEqual([])
  expect(theirs.figures().received).toBe(0)
  for (const bus of [ours, theirs]) await bus.stop()
  await nats.kill()
})

describe('the address of NATS', () => {
  it.each([
    ['nats://a', { servers: ['a:4222'], user: undefined, pass: undefined, tls: false, subject: 'aloft' }],
    [
      'tls://u:p%40x@a:1,b:2/eu.1',
      { servers: ['a:1', 'b:2'], user: 'u', pass: 'p@x', tls: true, subject: 'eu.1' },
    ],
    [
      'nats://[::1]:4333',
      { servers: ['[::1]:4333'], user: undefined, pass: undefined, tls: false, subject: 'aloft' },
    ],
  ])('%s is read', (text, address) => expect(parseNatsAddress(text)).toEqual(address))

  it.each(['', 'nats', 'nats://', 'redis://a', 'nats://a:x', 'nats://a/b c', 'nats://a/b/c', 'nats://a,,b'])(
    '%j is refused',
    (text) => expect(() => parseNatsAddress(text)).toThrow(RangeError),
  )
})

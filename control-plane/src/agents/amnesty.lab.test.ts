import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestFleet } from './fleet.test.support.ts'

let fleet: TestFleet
const nodes = ['lb1', 'lb2', 'lb3']
/** lb1, active, is at replica r1; lb2 at r2, lb3 at r3. */
beforeEach(async () => {
  fleet = await TestFleet.open(...nodes)
  await fleet.alive('r1', 'r2', 'r3')
  for (const [i, name] of nodes.entries()) await fleet.connect(name, { replica: `r${i + 1}` })
  await fleet.show('lb1', 'active')
  await fleet.show('lb2', 'backup', 'lb1')
  await fleet.show('lb3', 'backup', 'lb1')
  await fleet.runDuties()
  await fleet.told()
  await fleet.pass(1_000)
})
afterEach(() => fleet.database.close())

const connected = 'lb1 connected, lb2 connected, lb3 connected'
const back = async (name: string, replica: string) => {
  await fleet.connect(name, { replica })
  await fleet.show(name, name === 'lb1' ? 'active' : 'backup', 'lb1')
}

describe('all replicas dead for a minute', () => {
  beforeEach(() => fleet.pass(60_000))

  it('makes nobody absent: all are unknown until they are back', async () => {
    await fleet.alive('r4')
    await fleet.runDuties()
    expect(await fleet.states()).toBe('lb1 unknown, lb2 unknown, lb3 unknown')
    await fleet.live(16_000, { replicas: ['r4'], nodes: [] })
    await fleet.runDuties()
    await back('lb2', 'r4')
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 unknown')
    await back('lb1', 'r4')
    await back('lb3', 'r4')
    expect(await fleet.states()).toBe(connected)
  })

  it('judges nobody by what peers tell of that minute, until the amnesty is over', async () => {
    await fleet.alive('r4')
    await fleet.runDuties()
    await fleet.connect('lb2', { replica: 'r4' })
    await fleet.takeOver('lb2', 'lb1', 30_000)
    await fleet.show('lb2', 'active')
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 unknown')
    expect(await fleet.router()).toMatchObject({ state: 'served', active: 'lb2' })
    await fleet.live(60_000, { replicas: ['r4'], nodes: ['lb2'] })
    await fleet.runDuties()
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 unknown')
    await fleet.live(20_000, { replicas: ['r4'], nodes: ['lb2'] })
    expect(await fleet.states()).toBe('lb1 down, lb2 connected, lb3 unknown')
  })
})

it('who was down before the centre went away is down still', async () => {
  await fleet.close('lb1')
  await fleet.live(4_000, { replicas: ['r1', 'r2', 'r3'], nodes: ['lb2', 'lb3'] })
  await fleet.takeOver('lb2', 'lb1')
  await fleet.show('lb3', 'backup', 'lb2')
  await fleet.live(20_000, { replicas: ['r1', 'r2', 'r3'], nodes: ['lb2', 'lb3'] })
  expect(await fleet.states()).toBe('lb1 down, lb2 connected, lb3 connected')
  await fleet.pass(60_000)
  await fleet.alive('r4')
  await fleet.runDuties()
  expect(await fleet.states()).toBe('lb1 down, lb2 unknown, lb3 unknown')
})

it('PostgreSQL away for a minute: replicas that are back in turn end nobody’s session', async () => {
  await fleet.pass(60_000)
  await fleet.alive('r2')
  await fleet.runDuties()
  // r1 and r3 have not been able to say yet that they live.
  expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 unknown')
  expect(await fleet.told()).toEqual([])
  await fleet.alive('r1', 'r3')
  await fleet.runDuties()
  expect(await fleet.states()).toBe(connected)
  await fleet.live(30_000, { replicas: ['r1', 'r2', 'r3'], nodes })
  await fleet.runDuties()
  expect(await fleet.states()).toBe(connected)
  expect(await fleet.told()).toEqual([])
})

it('an agent of a replica that lives, gone while PostgreSQL was away, is unknown until the amnesty is over', async () => {
  await fleet.pass(60_000)
  const replicas = ['r1', 'r2', 'r3']
  await fleet.alive(...replicas)
  await fleet.heartbeat('lb2', 'lb3')
  await fleet.close('lb1', false, 30_000)
  await fleet.takeOver('lb2', 'lb1', 25_000)
  await fleet.show('lb3', 'backup', 'lb2')
  await fleet.live(20_000, { replicas, nodes: ['lb2', 'lb3'] })
  await fleet.runDuties()
  expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
  expect(await fleet.router()).toMatchObject({ state: 'served', active: 'lb2' })
  await fleet.live(60_000, { replicas, nodes: ['lb2', 'lb3'] })
  await fleet.runDuties()
  expect(await fleet.states()).toBe('lb1 down, lb2 connected, lb3 connected')
})

describe('one replica of three dead', () => {
  it('changes nothing for agents that are back at another within its lease', async () => {
    await fleet.live(2_000, { replicas: ['r2', 'r3'], nodes: ['lb2', 'lb3'] })
    await back('lb1', 'r2')
    await fleet.live(30_000, { replicas: ['r2', 'r3'], nodes })
    await fleet.runDuties()
    expect(await fleet.states()).toBe(connected)
    expect(await fleet.told()).toEqual([])
  })

  it('excuses those that are not: unknown for as long as an amnesty, then by evidence', async () => {
    await fleet.live(20_000, { replicas: ['r2', 'r3'], nodes: ['lb2', 'lb3'] })
    await fleet.takeOver('lb2', 'lb1')
    await fleet.show('lb3', 'backup', 'lb2')
    await fleet.runDuties()
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
    await fleet.live(40_000, { replicas: ['r2', 'r3'], nodes: ['lb2', 'lb3'] })
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
    await fleet.live(20_000, { replicas: ['r2', 'r3'], nodes: ['lb2', 'lb3'] })
    expect(await fleet.states()).toBe('lb1 down, lb2 connected, lb3 connected')
  })
})

it('a session the centre ended itself is excused too', async () => {
  await fleet.close('lb1', true)
  await fleet.live(12_000, { replicas: ['r2', 'r3'], nodes: ['lb2', 'lb3'] })
  await fleet.takeOver('lb2', 'lb1')
  expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
})

describe('a clock that jumps', () => {
  it.each([
    ['an hour ahead', 3_600_000],
    ['an hour back', -3_600_000],
  ])('of the database, %s, ends nobody’s session', async (_name, ms) => {
    await fleet.pass(ms)
    await fleet.alive('r1')
    await fleet.runDuties()
    expect(await fleet.states()).not.toContain('down')
    await fleet.alive('r2', 'r3')
    await fleet.heartbeat(...nodes)
    await fleet.runDuties()
    expect(await fleet.states()).toBe(connected)
    await fleet.live(30_000, { replicas: ['r1', 'r2', 'r3'], nodes })
    await fleet.runDuties()
    expect(await fleet.states()).toBe(connected)
    expect(await fleet.told()).toEqual([])
  })

  it.each([
    ['an hour ahead', 3_600_000],
    ['an hour back', -3_600_000],
  ])(
    'of a replica, %s, neither keeps an agent that is gone nor loses one that is there',
    async (_name, ms) => {
      await fleet.heartbeatAt(Date.now() + ms, ...nodes)
      await fleet.runDuties()
      expect(await fleet.states()).toBe(connected)
      await fleet.close('lb1')
      await fleet.live(11_000, { replicas: ['r1', 'r2', 'r3'], nodes: ['lb2', 'lb3'] })
      expect(await fleet.states()).toBe('lb1 silent, lb2 connected, lb3 connected')
    },
  )

  it('an hour back, does not hide that the centre is away soon after', async () => {
    await fleet.pass(-3_600_000)
    await fleet.alive('r1', 'r2', 'r3')
    await fleet.live(100_000, { replicas: ['r1', 'r2', 'r3'], nodes })
    await fleet.pass(60_000)
    await fleet.alive('r4')
    await fleet.connect('lb2', { replica: 'r4' })
    await fleet.takeOver('lb2', 'lb1', 30_000)
    await fleet.live(20_000, { replicas: ['r4'], nodes: ['lb2'] })
    await fleet.runDuties()
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 unknown')
  })

  it('an hour back, does not let a dead replica live for an hour', async () => {
    await fleet.pass(-3_600_000)
    await fleet.alive('r2', 'r3')
    await fleet.live(40_000, { replicas: ['r2', 'r3'], nodes: ['lb2', 'lb3'] })
    await fleet.runDuties()
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
    expect(await fleet.database.sql`select id from replicas order by id`).toEqual([
      { id: 'r2' },
      { id: 'r3' },
    ])
  })
})

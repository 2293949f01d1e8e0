import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { getSite } from '../sites/read.ts'
import { TestFleet } from './fleet.test.support.ts'

let fleet: TestFleet
/** lb1 is active, lb2 and lb3 hear it; all connected. */
beforeEach(async () => {
  fleet = await TestFleet.open('lb1', 'lb2', 'lb3')
  for (const name of ['lb1', 'lb2', 'lb3']) await fleet.connect(name)
  await fleet.show('lb1', 'active')
  await fleet.show('lb2', 'backup', 'lb1')
  await fleet.show('lb3', 'backup', 'lb1')
  await fleet.runDuties()
  await fleet.told()
})
afterEach(() => fleet.database.close())

const others = { nodes: ['lb2', 'lb3'] }
const all = 'lb1 connected, lb2 connected, lb3 connected'

describe('an absence within the grace', () => {
  it('is none: no state changes, nothing is told', async () => {
    await fleet.close('lb1')
    await fleet.live(9_000, others)
    await fleet.runDuties()
    expect(await fleet.states()).toBe(all)
    expect(await fleet.router()).toMatchObject({ state: 'served', active: 'lb1', witness: null })
    await fleet.connect('lb1')
    expect(await fleet.states()).toBe(all)
    expect(await fleet.router()).toMatchObject({ state: 'served', active: 'lb1', witness: null })
    await fleet.show('lb1', 'active')
    await fleet.runDuties()
    expect(await fleet.told()).toEqual([])
  })

  it('of a host that started anew does not vouch for its roles of before', async () => {
    await fleet.close('lb1')
    await fleet.connect('lb1', { runId: 'run-2' })
    expect(await fleet.states()).toBe(all)
    expect((await fleet.router()).members[0]).toMatchObject({ node: 'lb1', role: null })
  })

  it('is over at once when a peer takes over', async () => {
    await fleet.pass(1_000)
    await fleet.close('lb1')
    await fleet.pass(3_600)
    await fleet.alive('r1')
    await fleet.heartbeat('lb2', 'lb3')
    await fleet.takeOver('lb2', 'lb1')
    expect(await fleet.states()).toBe('lb1 down, lb2 connected, lb3 connected')
    expect(await fleet.router()).toMatchObject({ state: 'served', active: 'lb2' })
  })

  it('ends, and is told then with its routers, once', async () => {
    await fleet.close('lb1')
    await fleet.live(10_500, others)
    await fleet.runDuties()
    expect(await fleet.told()).toEqual(['agent lb1', 'virtual-router'])
    await fleet.runDuties()
    expect(await fleet.told()).toEqual([])
    await fleet.connect('lb1')
    expect(await fleet.told()).toEqual(['agent lb1'])
  })
})

describe('silent', () => {
  it('is an agent whose adverts a peer still hears; its router is served, and says by whose word', async () => {
    await fleet.close('lb1')
    await fleet.live(20_000, others)
    expect(await fleet.states()).toBe('lb1 silent, lb2 connected, lb3 connected')
    const { evidence } = await fleet.agent('lb1')
    expect(evidence).toMatchObject({ virtualRouter: 'web' })
    expect(['lb2', 'lb3']).toContain(evidence?.node)
    const router = await fleet.router()
    expect(router).toMatchObject({ state: 'served', active: 'lb1', witness: { address: '192.0.2.1' } })
    expect(router.members[0]).toMatchObject({ role: null, lastKnownRole: 'active', heard: true })
    const { value: site } = await getSite(fleet.database.db, 'everywhere', 'paris')
    expect(site.agents).toEqual({ total: 3, connected: 2, silent: 1, down: 0, unknown: 0 })
    expect(site.virtualRouters).toMatchObject({ total: 1, served: 1, unknown: 0 })
  })

  it('takes a word of after the silence began: until then it is unknown', async () => {
    await fleet.pass(1_000)
    await fleet.heartbeat('lb1')
    await fleet.close('lb1')
    await fleet.pass(11_000)
    await fleet.alive('r1')
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
  })

  it('takes a peer that can be asked: without one the agent and the router are unknown', async () => {
    for (const name of ['lb1', 'lb2', 'lb3']) await fleet.close(name)
    await fleet.live(20_000, { nodes: [] })
    expect(await fleet.states()).toBe('lb1 unknown, lb2 unknown, lb3 unknown')
    expect(await fleet.router()).toMatchObject({ state: 'unknown', active: null, witness: null })
  })

  it('is nobody that peers do not hear: a backup that is gone is unknown', async () => {
    await fleet.close('lb2')
    await fleet.live(20_000, { nodes: ['lb1', 'lb3'] })
    expect(await fleet.states()).toBe('lb1 connected, lb2 unknown, lb3 connected')
    expect(await fleet.router()).toMatchObject({ state: 'served', active: 'lb1', witness: null })
  })

  it('is not said of a stranger’s adverts: the router is served, by none of ours', async () => {
    await fleet.show('lb1', 'backup', '192.0.2.99')
    await fleet.show('lb2', 'backup', '192.0.2.99')
    await fleet.show('lb3', 'backup', '192.0.2.99')
    await fleet.close('lb1')
    await fleet.live(20_000, others)
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
    expect(await fleet.router()).toMatchObject({
      state: 'served',
      active: null,
      witness: { address: '192.0.2.99' },
    })
  })

  it('one whose own word is that it stands by is not the active because a peer has not noticed', async () => {
    await fleet.show('lb1', 'backup')
    const router = await fleet.router()
    expect(router).toMatchObject({ state: 'no-active', active: null, witness: null })
    const { value: site } = await getSite(fleet.database.db, 'everywhere', 'paris')
    expect(site.virtualRouters).toMatchObject({ served: 0, noActive: 1 })
  })
})

describe('down', () => {
  beforeEach(async () => {
    await fleet.pass(1_000)
    await fleet.close('lb1')
    await fleet.live(4_000, others)
    await fleet.takeOver('lb2', 'lb1')
  })

  it('is an agent a peer took over from since its last word, and says who did', async () => {
    await fleet.show('lb3', 'backup', 'lb2')
    await fleet.live(60_000, others)
    expect(await fleet.states()).toBe('lb1 down, lb2 connected, lb3 connected')
    expect((await fleet.agent('lb1')).evidence).toMatchObject({ node: 'lb2', virtualRouter: 'web' })
    expect(await fleet.router()).toMatchObject({ state: 'served', active: 'lb2', witness: null })
  })

  it('stays so when the role goes on to a third node', async () => {
    await fleet.event('lb3', { from: 'backup', to: 'active', reason: 'preempted', source: '192.0.2.3' })
    await fleet.show('lb2', 'backup', 'lb3')
    await fleet.live(30_000, others)
    expect(await fleet.states()).toBe('lb1 down, lb2 connected, lb3 connected')
  })

  it('is silent when its adverts are heard again', async () => {
    await fleet.event('lb2', {
      from: 'active',
      to: 'backup',
      reason: 'higher-priority-backup',
      source: '192.0.2.2',
      heard: { address: '192.0.2.1', priority: 200, agoMs: 0 },
    })
    await fleet.live(10_000, others)
    expect(await fleet.states()).toBe('lb1 silent, lb2 connected, lb3 connected')
    expect(await fleet.router()).toMatchObject({ state: 'served', active: 'lb1' })
  })

  it('is not undone by a peer whose word is older than what it says', async () => {
    // lb3 has not said yet that it hears another active now.
    await fleet.pass(2_000)
    await fleet.alive('r1')
    await fleet.heartbeat('lb2', 'lb3')
    expect(await fleet.states()).toBe('lb1 down, lb2 connected, lb3 connected')
  })

  it('is over when the agent is back, whatever was concluded before', async () => {
    await fleet.pass(5_000)
    await fleet.alive('r1')
    await fleet.connect('lb1', { runId: 'run-2' })
    await fleet.show('lb1', 'backup', 'lb2')
    await fleet.show('lb3', 'backup', 'lb2')
    await fleet.close('lb1')
    await fleet.live(20_000, others)
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
  })
})

describe('is no evidence of a death', () => {
  it.each([
    ['the active gave its role away', { reason: 'priority' as const, heard: { priority: 0 } }],
    ['the active was outranked', { reason: 'preempted' as const, heard: { priority: 100 } }],
  ])('%s', async (_name, { reason, heard }) => {
    await fleet.pass(1_000)
    await fleet.close('lb1')
    await fleet.live(4_000, others)
    const from = { address: '192.0.2.1', agoMs: 10, ...heard }
    await fleet.event('lb2', { from: 'backup', to: 'active', reason, source: '192.0.2.2', heard: from })
    await fleet.show('lb3', 'backup', 'lb2')
    await fleet.live(30_000, others)
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
  })

  it('a takeover of before its last word, told late', async () => {
    await fleet.live(30_000, { nodes: ['lb1', 'lb2', 'lb3'] })
    await fleet.pass(1_000)
    await fleet.takeOver('lb2', 'lb1', 20_000)
    await fleet.show('lb3', 'backup', 'lb2')
    await fleet.close('lb1')
    await fleet.live(30_000, others)
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
  })

  it('a takeover from a node that said itself that it stands by', async () => {
    await fleet.pass(1_000)
    await fleet.event('lb1', { from: 'active', to: 'backup', reason: 'stall', source: '192.0.2.1' })
    await fleet.takeOver('lb2', 'lb1')
    await fleet.show('lb3', 'backup', 'lb2')
    await fleet.close('lb1')
    await fleet.live(30_000, others)
    expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
  })
})

it('what a node says itself outdates what a peer concluded from its silence', async () => {
  await fleet.pass(1_000)
  await fleet.takeOver('lb2', 'lb1')
  await fleet.pass(500)
  await fleet.event('lb1', { from: 'active', to: 'backup', reason: 'stall', source: '192.0.2.1' })
  expect((await fleet.router()).members[0]).toMatchObject({ node: 'lb1', role: 'backup' })
  await fleet.show('lb3', 'backup', 'lb2')
  await fleet.close('lb1')
  await fleet.live(30_000, others)
  expect(await fleet.states()).toBe('lb1 unknown, lb2 connected, lb3 connected')
})

describe('two that are active', () => {
  it('are a split brain only once both have said so: a host that died says nothing', async () => {
    await fleet.pass(1_000)
    await fleet.alive('r1')
    await fleet.heartbeat('lb2', 'lb3')
    // The session of lb1 is still open: its host lost its power a moment ago.
    await fleet.takeOver('lb2', 'lb1')
    expect(await fleet.states()).toBe(all)
    const router = await fleet.router()
    expect(router).toMatchObject({ state: 'served', active: 'lb2' })
    expect(router.members[0]).toMatchObject({ node: 'lb1', role: null, lastKnownRole: 'active' })
    await fleet.told()
    await fleet.heartbeat('lb1')
    expect(await fleet.router()).toMatchObject({ state: 'split-brain', active: null })
    expect(await fleet.told()).toContain('virtual-router')
  })
})

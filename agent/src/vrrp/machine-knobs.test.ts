/** What keepalived lets people turn at its election (keepalived-and-vrrp.md §1.5, §2.12). */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { describe, expect, it } from 'vitest'
import { discardReason } from './acceptance.ts'
import { address, routerConfig } from './examples.test.support.ts'
import { INITIAL, nextWakeup, step } from './machine.ts'
import type { Action, Event, Parameters, State } from './virtual-router.ts'

const T0 = 50_000
const HIGHER = address('192.0.2.11')
const LOWER = address('192.0.2.9')
const SKEW_100 = (156 * 1000) / 256
const timer: Event = { kind: 'timer' }

function router(changes: Partial<VirtualRouterConfig> = {}, isGrouped = false): Parameters {
  const config = routerConfig(changes)
  return { config, source: address('192.0.2.10'), priority: config.priority, isGrouped }
}

function advertisement(priority: number, source = HIGHER) {
  const addresses = routerConfig().addresses.map((each) => each.address)
  const content = { version: 3 as const, vrid: 51, priority, intervalMs: 1000, addresses }
  return { kind: 'advertisement' as const, source, advertisement: content }
}

function backup(parameters: Parameters): State {
  return step(parameters, INITIAL, { kind: 'startup' }, T0)[0]
}

function active(parameters: Parameters): State {
  return step(parameters, INITIAL, { kind: 'resume-active' }, T0)[0]
}

const done = (actions: readonly Action[]) => actions.map((action) => action.do)

describe('missedAdvertisements', () => {
  it.each([1, 3, 100])('%i of them and the skew make a backup take over', (missedAdvertisements) => {
    const parameters = router({ missedAdvertisements })
    expect(nextWakeup(backup(parameters))).toBe(T0 + missedAdvertisements * 1000 + SKEW_100)
    const [listening] = step(parameters, backup(parameters), advertisement(200), T0 + 500)
    expect(nextWakeup(listening)).toBe(T0 + 500 + missedAdvertisements * 1000 + SKEW_100)
  })
})

describe('answerLowerPriority', () => {
  it('true: a losing active is told at once (RFC 9568 §6.4.3)', () => {
    const parameters = router()
    const [, actions] = step(parameters, active(parameters), advertisement(50), T0 + 300)
    expect(done(actions)).toEqual(['advertise', 'announce'])
  })

  it('false: it is not, as in RFC 5798; the hosts still are', () => {
    const parameters = router({ answerLowerPriority: false })
    const [state, actions] = step(parameters, active(parameters), advertisement(50), T0 + 300)
    expect(state.role).toBe('active')
    expect(done(actions)).toEqual(['announce'])
  })

  it('false: a resignation is answered all the same', () => {
    const parameters = router({ answerLowerPriority: false })
    const [, actions] = step(parameters, active(parameters), advertisement(0), T0 + 300)
    expect(done(actions)).toEqual(['advertise'])
  })
})

describe('speakBeforeYielding', () => {
  it('true: an active that is outranked advertises once more, with its own priority, before it lets go', () => {
    const parameters = router()
    const [state, actions] = step(parameters, active(parameters), advertisement(200), T0 + 300)
    expect(state.role).toBe('backup')
    expect(actions[0]).toEqual({ do: 'advertise', priority: 100 })
    expect(done(actions)).toEqual(['advertise', 'release-addresses', 'transition'])
  })

  it('false: it yields without a word', () => {
    const parameters = router({ speakBeforeYielding: false })
    const [, actions] = step(parameters, active(parameters), advertisement(200), T0 + 300)
    expect(done(actions)).toEqual(['release-addresses', 'transition'])
  })

  it('makes the better active tell the hosts again, which it could not know to do otherwise', () => {
    const loser = router()
    const [, actions] = step(loser, active(loser), advertisement(200), T0 + 300)
    const [said] = actions
    if (said?.do !== 'advertise') throw new Error('nothing was said')
    const winner = router({ priority: 200 })
    const [, answer] = step(winner, active(winner), advertisement(said.priority, LOWER), T0 + 301)
    expect(done(answer)).toContain('announce')
  })
})

describe('ownerIgnoresAdvertisements', () => {
  const decoded = {
    advertisement: advertisement(255).advertisement,
    authentication: null,
    checksum: 'pseudo-header' as const,
  }
  const verdict = (changes: Partial<VirtualRouterConfig>) =>
    discardReason(router(changes), { source: HIGHER, role: 'active', decoded })

  it('true: the owner discards what others advertise (RFC 9568 §7.1 as published)', () => {
    expect(verdict({ priority: 255, ownerIgnoresAdvertisements: true })).toBe('address-owner')
  })

  it('false: it processes it (erratum 8298)', () => {
    expect(verdict({ priority: 255 })).toBeNull()
  })

  it('concerns nobody who is not the owner', () => {
    expect(verdict({ priority: 254, ownerIgnoresAdvertisements: true })).toBeNull()
  })
})

describe('yieldAfterStall', () => {
  it('an active that stalled goes back to backup, silently: there is nobody left to resign to', () => {
    const parameters = router({ preempt: { enabled: false, delayMs: 0 }, yieldAfterStall: 200 })
    const [state, actions] = step(parameters, active(parameters), { kind: 'stalled' }, T0 + 9000)
    expect(state).toMatchObject({ role: 'backup', activeDownAt: T0 + 9000 + 3000 + SKEW_100 })
    expect(done(actions)).toEqual(['release-addresses', 'transition'])
    expect(actions.at(-1)).toMatchObject({ transition: { reason: 'stall' } })
  })
})

describe('a member of a sync group', () => {
  const parameters = router({}, true)
  const willing = () => step(parameters, backup(parameters), timer, T0 + 3000 + SKEW_100)[0]

  it('does not become active when its timer fires: it is willing, and waits for nothing but its group', () => {
    expect(willing()).toMatchObject({ role: 'backup', isWilling: true })
    expect(nextWakeup(willing())).toBeNull()
  })

  it('becomes active with its group, for the reason it had itself', () => {
    const [state, actions] = step(parameters, willing(), { kind: 'group-active' }, T0 + 5000)
    expect(state.role).toBe('active')
    expect(actions.at(-1)).toMatchObject({ transition: { reason: 'priority', from: 'backup' } })
  })

  it('does not become active with its group while its own active is alive', () => {
    const [heard] = step(parameters, willing(), advertisement(200), T0 + 4000)
    expect(heard).toMatchObject({ role: 'backup', isWilling: false })
    expect(step(parameters, heard, { kind: 'group-active' }, T0 + 5000)).toEqual([heard, []])
  })

  it('stays willing under an active that it outranks; after a resignation it waits for its skew as anybody does', () => {
    expect(step(parameters, willing(), advertisement(50), T0 + 4000)[0]).toMatchObject({ isWilling: true })
    expect(step(parameters, willing(), advertisement(0), T0 + 4000)[0]).toMatchObject({
      isWilling: false,
      activeDownAt: T0 + 4000 + SKEW_100,
    })
  })

  it('starts as backup even if it owns the addresses, willing at once', () => {
    const owner = router({ priority: 255 }, true)
    expect(backup(owner)).toMatchObject({ role: 'backup', isWilling: true })
  })

  it('leaves with its group: resigns, so that nobody waits for its silence', () => {
    const [state, actions] = step(parameters, active(parameters), { kind: 'group-backup' }, T0 + 300)
    expect(state).toMatchObject({ role: 'backup', isWilling: false })
    expect(actions[0]).toEqual({ do: 'advertise', priority: 0 })
    expect(actions.at(-1)).toMatchObject({ transition: { reason: 'sync-group' } })
  })
})

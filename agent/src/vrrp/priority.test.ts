/** keepalived-and-vrrp.md §1.9, "effective priority": base and weights, clamped, the owner's unmoved; running timers rescaled. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { describe, expect, it } from 'vitest'
import { address, routerConfig } from './examples.test.support.ts'
import { INITIAL, step } from './machine.ts'
import { effectivePriority } from './priority.ts'
import type { BackupState, Event, Parameters } from './virtual-router.ts'

const PEER = address('192.0.2.11')
const T0 = 50_000
const timer: Event = { kind: 'timer' }

function router(priority: number, changes: Partial<VirtualRouterConfig> = {}): Parameters {
  return { config: routerConfig(changes), source: address('192.0.2.10'), priority }
}

function heard(priority: number): Event {
  const addresses = routerConfig().addresses.map((each) => each.address)
  const advertisement = { version: 3 as const, vrid: 51, priority, intervalMs: 1000, addresses }
  return { kind: 'advertisement', source: PEER, advertisement }
}

function backup(parameters: Parameters): BackupState {
  const [state] = step(parameters, INITIAL, { kind: 'startup' }, T0)
  if (state.role !== 'backup') throw new Error(`is ${state.role}`)
  return state
}

function moved(to: Parameters, state: BackupState, before: number, now: number): BackupState {
  const [after] = step(to, state, { kind: 'priority-changed', before }, now)
  if (after.role !== 'backup') throw new Error(`is ${after.role}`)
  return after
}

const skew = (priority: number) => ((256 - priority) * 1000) / 256

describe('the effective priority', () => {
  it.each([
    [100, 130, 130],
    [100, 0, 1],
    [100, -153, 1],
    [100, 255, 254],
    [100, 400, 254],
    [255, 155, 255],
    [255, 300, 255],
  ])('written %i, wanted %i: %i', (written, wanted, expected) => {
    expect(effectivePriority(routerConfig({ priority: written }), wanted)).toBe(expected)
  })

  it('is what an active advertises and records, and what it is measured by; the written one is not', () => {
    const [state, actions] = step(router(80), backup(router(80)), timer, T0 + 3000 + skew(80))
    expect(actions[0]).toEqual({ do: 'advertise', priority: 80 })
    expect(actions.at(-1)).toMatchObject({ transition: { to: 'active', priority: 80 } })
    const [yielded] = step(router(80), state, heard(90), T0 + 5000)
    expect(yielded.role).toBe('backup')
  })
})

describe('a priority that changes', () => {
  it('lengthens the Active_Down_Timer of a backup that is worse now, and shortens that of a better one', () => {
    const state = backup(router(100))
    expect(state.activeDownAt).toBe(T0 + 3000 + skew(100))
    expect(moved(router(50), state, 100, T0 + 1000).activeDownAt).toBeCloseTo(T0 + 3000 + skew(50), 9)
    expect(moved(router(200), state, 100, T0 + 1000).activeDownAt).toBeCloseTo(T0 + 3000 + skew(200), 9)
  })

  it('rescales the Skew_Time that runs after a resignation', () => {
    const [resigned] = step(router(100), backup(router(100)), heard(0), T0 + 500)
    if (resigned.role !== 'backup') throw new Error('not backup')
    expect(moved(router(200), resigned, 100, T0 + 600).activeDownAt).toBeCloseTo(T0 + 500 + skew(200), 9)
  })

  it('never sets the timer into the past: a deadline that has passed by the new skew is now', () => {
    const state = backup(router(1))
    expect(moved(router(254), state, 1, state.activeDownAt - 1).activeDownAt).toBe(state.activeDownAt - 1)
  })

  it('ends a preemption under way of an active that is better now', () => {
    const [preempting] = step(router(100), backup(router(100)), heard(90), T0 + 2900)
    if (preempting.role !== 'backup') throw new Error('not backup')
    expect(preempting.preempting).toBe(true)
    const after = moved(router(90), preempting, 100, T0 + 3000)
    expect(after).toMatchObject({ preempting: false, activeDownAt: T0 + 2900 + 3000 + skew(90) })
    expect(step(router(90), after, timer, preempting.activeDownAt + 50)[0].role).toBe('backup')
  })

  it('is said by an active at its next advertisement, not before', () => {
    const [active] = step(router(100), backup(router(100)), timer, T0 + 4000)
    const [same, nothing] = step(router(70), active, { kind: 'priority-changed', before: 100 }, T0 + 4100)
    expect([same, nothing]).toEqual([active, []])
    const [, actions] = step(router(70), same, timer, T0 + 5000)
    expect(actions).toEqual([{ do: 'advertise', priority: 70 }])
  })
})

/** Decision 0018: say first, let go last. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { describe, expect, it } from 'vitest'
import {
  LINGER_MS,
  NO_DEPARTURE,
  type Presence,
  type PresenceEvent,
  presenceWakeup,
  stepPresence,
} from './departure.ts'
import { address, routerConfig } from './examples.test.support.ts'
import { INITIAL } from './machine.ts'
import type { Action, Event, Parameters } from './virtual-router.ts'

const PEER = address('192.0.2.2')
const VIRTUAL_MAC = {
  kind: 'macvlan',
  name: 'vrrp4.51',
  address: null,
  parent: 'eth0',
  transmitFrom: 'virtual',
  onOtherInterfaces: false,
} as unknown as VirtualRouterConfig['virtualMac']
const shutdown: Event = { kind: 'shutdown', reason: 'shutdown' }

function heard(priority: number): Event {
  const { vrid, version, addresses, advertisementIntervalMs: intervalMs } = routerConfig()
  const content = { version, vrid, priority, intervalMs, addresses: addresses.map((each) => each.address) }
  return { kind: 'advertisement', source: PEER, advertisement: content }
}

/** A virtual router with a clock: it is told things, and its own timers ring. */
class Life {
  now = 10_000
  presence: Presence = { state: INITIAL, departure: NO_DEPARTURE }
  readonly parameters: Parameters
  #done: string[] = []

  constructor(changes: Partial<VirtualRouterConfig> = {}) {
    const config = routerConfig({ priority: 200, ...changes })
    this.parameters = { config, source: address('192.0.2.1'), priority: config.priority }
    this.tell({ kind: 'startup' })
  }

  tell(event: PresenceEvent): void {
    const [presence, actions] = stepPresence(this.parameters, this.presence, event, this.now)
    this.presence = presence
    this.#done.push(...actions.map(word))
  }

  advance(ms: number): void {
    const untilMs = this.now + ms
    for (let due = presenceWakeup(this.presence); due !== null && due <= untilMs; ) {
      this.now = Math.max(this.now, due)
      this.tell({ kind: 'timer' })
      due = presenceWakeup(this.presence)
    }
    this.now = untilMs
  }

  /** What it did since the last time, adverts and announcements of an undisturbed active left out. */
  take(): string[] {
    return this.#done.splice(0).filter((each) => each !== 'advertise 200' && !each.startsWith('announce'))
  }

  get holds(): boolean {
    return this.presence.state.role === 'active' || this.presence.departure.leaving !== null
  }
}

function word(action: Action): string {
  if (action.do === 'advertise') return `advertise ${action.priority}`
  if (action.do !== 'transition') return action.do
  const { from, to, reason } = action.transition
  return `${from} → ${to} (${reason})`
}

function active(changes: Partial<VirtualRouterConfig> = {}): Life {
  const life = new Life(changes)
  life.advance(4_000)
  life.take()
  return life
}

describe('an active that stops', () => {
  it('says so first, and releases nothing yet', () => {
    const life = active()
    life.tell(shutdown)
    expect(life.take()).toEqual(['advertise 0', 'active → initialize (shutdown)'])
    expect(life.holds).toBe(true)
  })

  it('lets go a moment after its successor has advertised', () => {
    const life = active()
    life.tell(shutdown)
    life.advance(400)
    life.tell(heard(100))
    life.take()
    life.advance(LINGER_MS - 1)
    expect(life.take()).toEqual([])
    life.advance(1)
    expect(life.take()).toEqual(['release-addresses'])
    expect(presenceWakeup(life.presence)).toBeNull()
  })

  it('further advertisements do not put it off', () => {
    const life = active()
    life.tell(shutdown)
    life.tell(heard(100))
    life.advance(LINGER_MS - 1)
    life.tell(heard(100))
    life.advance(1)
    expect(life.holds).toBe(false)
  })

  it('another that resigns is no successor', () => {
    const life = active()
    life.tell(shutdown)
    life.tell(heard(0))
    life.advance(500)
    expect(life.holds).toBe(true)
  })

  it.each([
    ['v3 at 1 s', { version: 3, advertisementIntervalMs: 1_000 }, 1_100],
    ['v3 at 100 ms', { version: 3, advertisementIntervalMs: 100 }, 200],
    ['v2 at 3 s: its Skew_Time counts in seconds', { version: 2, advertisementIntervalMs: 3_000 }, 1_100],
    ['v3 at 40 s: no service manager waits so long', { version: 3, advertisementIntervalMs: 40_000 }, 5_000],
  ] as const)(
    'answered by nobody, lets go when the longest Skew_Time has passed: %s',
    (_, changes, waitMs) => {
      const life = active(changes)
      life.advance(200_000)
      life.tell(shutdown)
      life.advance(waitMs - 1)
      expect(life.holds).toBe(true)
      life.advance(1)
      expect(life.holds).toBe(false)
    },
  )

  it('told to leave now, it does', () => {
    const life = active()
    life.tell(shutdown)
    life.take()
    life.tell({ kind: 'leave-now' })
    expect(life.take()).toEqual(['release-addresses'])
  })

  it('a dead link is not waited on', () => {
    const life = active()
    life.tell({ kind: 'fault', reason: 'interface-down' })
    expect(life.take()).toContain('release-addresses')
    expect(life.holds).toBe(false)
  })
})

describe('an active that yields', () => {
  it('lingers until the better one has announced itself', () => {
    const life = active()
    life.tell(heard(250))
    expect(life.take()).toEqual(['active → backup (higher-priority-backup)'])
    life.advance(LINGER_MS)
    expect(life.take()).toEqual(['release-addresses'])
  })

  it('on one MAC address for both, it hardly lingers: its answers would draw the switch back', () => {
    const life = active({ virtualMac: VIRTUAL_MAC })
    life.tell(heard(250))
    life.advance(5)
    expect(life.holds).toBe(false)
  })

  it('that becomes active again before it has let go releases nothing', () => {
    const life = active({ advertisementIntervalMs: 10 })
    life.tell({ ...heard(250), advertisement: { ...advertisementOf(heard(250)), intervalMs: 10 } } as Event)
    life.advance(200)
    expect(life.take()).not.toContain('release-addresses')
    expect(life.presence.state.role).toBe('active')
  })
})

describe('stepping down', () => {
  it('is one transition, and the addresses stay until the successor is there', () => {
    const life = active()
    life.tell({ kind: 'step-down', untilMs: null })
    expect(life.take()).toEqual(['advertise 0', 'active → backup (step-down)'])
    life.advance(600)
    life.tell(heard(100))
    life.advance(LINGER_MS)
    expect(life.take()).toEqual(['release-addresses'])
  })

  it('does not preempt the successor', () => {
    const life = active()
    life.tell({ kind: 'step-down', untilMs: null })
    for (let i = 0; i < 100; i++) {
      life.advance(900)
      life.tell(heard(100))
    }
    expect(life.presence.state.role).toBe('backup')
  })

  it.each([
    ['its time is over', { kind: 'step-down', untilMs: 20_000 }, null],
    ['it is undone', { kind: 'step-down', untilMs: null }, { kind: 'step-down-over' }],
  ] as const)('preempts again when %s', (_, down, undo) => {
    const life = active()
    life.tell(down)
    for (let i = 0; i < 20; i++) {
      life.advance(900)
      life.tell(heard(100))
    }
    if (undo) life.tell(undo)
    for (let i = 0; i < 5; i++) {
      life.tell(heard(100))
      life.advance(900)
    }
    expect(life.presence.state.role).toBe('active')
  })

  it('takes over when the new active is lost, and is done with standing back', () => {
    const life = active()
    life.tell({ kind: 'step-down', untilMs: null })
    life.advance(600)
    life.tell(heard(100))
    life.advance(3_300)
    expect(life.presence.state.role).toBe('active')
    expect(life.presence.departure.standBack).toBeNull()
  })

  it('left alone, goes on as active and has held the addresses all the time', () => {
    const life = active()
    life.tell({ kind: 'step-down', untilMs: null })
    for (let i = 0; i < 40; i++) {
      life.advance(100)
      expect(life.holds).toBe(true)
    }
    expect(life.presence.state.role).toBe('active')
    expect(life.take()).not.toContain('release-addresses')
  })

  it('is refused to the owner of the addresses', () => {
    const life = active({ priority: 255 })
    life.tell({ kind: 'step-down', untilMs: null })
    expect(life.presence.state.role).toBe('active')
  })
})

function advertisementOf(event: Event) {
  if (event.kind !== 'advertisement') throw new Error('not an advertisement')
  return event.advertisement
}

import { describe, expect, it } from 'vitest'
import type { ControlPacket } from './packet.ts'
import {
  detectionMs,
  farewell,
  newSession,
  nextWakeup,
  type Session,
  type SessionEvent,
  type SessionParameters,
  step,
  transmitMs,
} from './session.ts'

const parameters: SessionParameters = {
  discriminator: 7,
  minTxUs: 50_000,
  minRxUs: 40_000,
  idleTxUs: 1_000_000,
  multiplier: 3,
  passive: false,
}
const said: ControlPacket = {
  state: 'down',
  diagnostic: 0,
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  multiplier: 5,
  myDiscriminator: 9,
  yourDiscriminator: 7,
  desiredMinTxUs: 60_000,
  requiredMinRxUs: 30_000,
  requiredMinEchoRxUs: 0,
}
const NOW = 10_000

/** A session, what it sent and what it reported, in words. */
class Subject {
  session: Session
  now = NOW
  parameters: SessionParameters
  sent: ControlPacket[] = []
  reports: string[] = []

  constructor(own: Partial<SessionParameters> = {}) {
    this.parameters = { ...parameters, ...own }
    this.session = newSession(this.parameters, NOW)
  }
  tell(event: SessionEvent, chance = 0): this {
    const [session, actions] = step(this.parameters, this.session, event, { now: this.now, chance })
    this.session = session
    for (const action of actions) {
      if (action.do === 'send') this.sent.push(action.packet)
      else
        this.reports.push(
          `${action.change.from} → ${action.change.to} ${action.change.diagnostic} ${action.change.detectionMs}`,
        )
    }
    return this
  }
  hear(packet: Partial<ControlPacket>, chance = 0): this {
    return this.tell({ kind: 'packet', packet: { ...said, ...packet } }, chance)
  }
  wait(ms: number): this {
    this.now += ms
    return this
  }
  /** Up, and each side knows the other's timing. */
  up(): this {
    this.tell({ kind: 'timer' }).hear({}).hear({ state: 'up' }).hear({ state: 'up', final: true })
    this.sent = []
    this.reports = []
    return this
  }
}

describe('RFC 5880 §6.2, §6.8.6: the state machine', () => {
  const at = {
    down: () => new Subject(),
    init: () => new Subject().hear({}),
    up: () => new Subject().up(),
  }
  it.each([
    ['down', 'admin-down', 'down'],
    ['down', 'down', 'init'],
    ['down', 'init', 'up'],
    ['down', 'up', 'down'],
    ['init', 'admin-down', 'down'],
    ['init', 'down', 'init'],
    ['init', 'init', 'up'],
    ['init', 'up', 'up'],
    ['up', 'admin-down', 'down'],
    ['up', 'down', 'down'],
    ['up', 'init', 'up'],
    ['up', 'up', 'up'],
  ] as const)('in %s, hearing %s: %s', (from, heard, to) => {
    const subject = at[from]()
    expect(subject.session.state).toBe(from)
    expect(subject.hear({ state: heard }).session.state).toBe(to)
  })

  it.each(['down', 'admin-down'] as const)(
    'up, hearing %s: the diagnostic says that it was the neighbour',
    (state) => {
      const subject = new Subject().up().hear({ state, multiplier: 2 })
      expect(subject.reports).toEqual(['up → down neighbor-down 120'])
      expect(subject.sent.at(-1)).toMatchObject({ state: 'down', diagnostic: 3 })
    },
  )

  it('§6.8.4: silence for the detection time: down, and why', () => {
    const subject = new Subject().up().wait(299).tell({ kind: 'timer' })
    expect(subject.reports).toEqual([])
    subject.wait(1).tell({ kind: 'timer' })
    expect(subject.reports).toEqual(['up → down detection-time-expired 300'])
    expect(subject.sent.at(-1)).toMatchObject({ state: 'down', diagnostic: 1, yourDiscriminator: 0 })
  })

  it('§6.8.4: so in init', () => {
    const subject = new Subject().hear({}).wait(300).tell({ kind: 'timer' })
    expect(subject.reports.at(-1)).toBe('init → down detection-time-expired 300')
  })

  it('§6.8.1: in down, after the detection time the discriminator of the neighbour is forgotten', () => {
    const subject = new Subject().hear({ state: 'up' })
    expect(subject.session.remote?.discriminator).toBe(9)
    subject.wait(300).tell({ kind: 'timer' })
    expect(subject.session.remote).toBeNull()
  })

  it('§6.8.1: begins in down, without a diagnostic, knowing nobody', () => {
    expect(new Subject().tell({ kind: 'timer' }).sent).toMatchObject([
      { state: 'down', diagnostic: 0, yourDiscriminator: 0 },
    ])
  })

  it('§6.8.18: what the neighbour wanted is forgotten with it', () => {
    const subject = new Subject().hear({ state: 'up', requiredMinRxUs: 5_000_000 })
    expect(transmitMs(subject.session)).toBe(5_000)
    subject.wait(300).tell({ kind: 'timer' })
    expect(transmitMs(subject.session)).toBe(1_000)
  })

  it('§6.8.6: in admin-down a poll is not answered', () => {
    const subject = new Subject().up().tell({ kind: 'disable' })
    subject.sent = []
    expect(subject.hear({ poll: true }).sent).toEqual([])
  })

  it('§6.8.16: disabled, it says so, and hears nothing until it is enabled', () => {
    const subject = new Subject().up().tell({ kind: 'disable' })
    expect(subject.sent.at(-1)).toMatchObject({ state: 'admin-down', diagnostic: 7 })
    expect(subject.hear({ state: 'down' }).session.state).toBe('admin-down')
    expect(subject.tell({ kind: 'enable' }).session.state).toBe('down')
  })
})

describe('RFC 5880 §6.8.3, §6.8.7: when to send', () => {
  it('an active end speaks first and at once, then once a second', () => {
    const subject = new Subject()
    expect(nextWakeup(subject.session)).toBe(NOW)
    subject.tell({ kind: 'timer' })
    expect(subject.sent).toMatchObject([
      { state: 'down', myDiscriminator: 7, yourDiscriminator: 0, desiredMinTxUs: 1_000_000 },
    ])
    expect(nextWakeup(subject.session)).toBe(NOW + 1_000)
  })

  it('§6.1: a passive end says nothing before it is spoken to', () => {
    const subject = new Subject({ passive: true })
    expect(nextWakeup(subject.session)).toBeNull()
    expect(subject.hear({ yourDiscriminator: 0 }).sent).toMatchObject([
      { state: 'init', yourDiscriminator: 9 },
    ])
  })

  it('a passive end falls silent again after the detection time', () => {
    const subject = new Subject({ passive: true }).hear({}).wait(300).tell({ kind: 'timer' })
    expect(subject.session.state).toBe('down')
    expect(nextWakeup(subject.session)).toBeNull()
  })

  it('§6.8.2: at the larger of what we want and what the neighbour wants', () => {
    expect(transmitMs(new Subject().up().session)).toBe(50)
    expect(transmitMs(new Subject().up().hear({ state: 'up', requiredMinRxUs: 80_000 }).session)).toBe(80)
  })

  it.each([
    [3, 0, 50],
    [3, 0.999_999, 37.5],
    [1, 0, 45],
    [1, 0.999_999, 37.5],
  ])('with multiplier %d, chance %d shortens 50 ms to %d ms', (multiplier, chance, ms) => {
    const subject = new Subject({ multiplier }).up().wait(50).tell({ kind: 'timer' }, chance)
    expect((subject.session.sendAt ?? 0) - subject.now).toBeCloseTo(ms, 3)
  })

  it('a turn once drawn is not drawn anew by each packet heard', () => {
    const subject = new Subject().up().wait(50).tell({ kind: 'timer' }, 0.5)
    const at = subject.session.sendAt
    expect(subject.wait(5).hear({ state: 'up' }, 0.1).session.sendAt).toBe(at)
  })

  it('a neighbour that wants nothing is sent nothing', () => {
    const subject = new Subject().up().hear({ state: 'up', requiredMinRxUs: 0 })
    expect(subject.session.sendAt).toBeNull()
    expect(new Subject().hear({ requiredMinRxUs: 0 }).sent).toEqual([])
  })

  it('§6.6: a neighbour in demand mode is sent nothing while both are up', () => {
    const subject = new Subject().up().hear({ state: 'up', demand: true })
    expect(subject.session.sendAt).toBeNull()
    expect(subject.hear({ state: 'up', demand: false }).session.sendAt).not.toBeNull()
  })

  it('a change of state is told at once', () => {
    const subject = new Subject().tell({ kind: 'timer' }).wait(10).hear({})
    expect(subject.sent.at(-1)).toMatchObject({ state: 'init' })
    expect(subject.sent).toHaveLength(2)
  })

  it('in company it sends as soon as the jitter would allow, and no sooner', () => {
    const subject = new Subject().up().wait(50).tell({ kind: 'timer' })
    expect(subject.wait(37).tell({ kind: 'company' }).sent).toHaveLength(1)
    expect(subject.wait(0.5).tell({ kind: 'company' }).sent).toHaveLength(2)
  })
})

describe('RFC 5880 §6.5, §6.8.3: poll sequences', () => {
  it('coming up changes the interval: polls until a final comes', () => {
    const subject = new Subject().tell({ kind: 'timer' }).hear({ state: 'init' })
    expect(subject.sent.at(-1)).toMatchObject({ state: 'up', poll: true, desiredMinTxUs: 50_000 })
    subject.wait(50).tell({ kind: 'timer' })
    expect(subject.sent.at(-1)).toMatchObject({ poll: true })
    subject.hear({ state: 'up', final: true }).wait(50).tell({ kind: 'timer' })
    expect(subject.sent.at(-1)).toMatchObject({ poll: false })
  })

  it('§6.8.7: a poll is answered at once, final without poll', () => {
    const subject = new Subject().up().wait(1).hear({ state: 'up', poll: true })
    expect(subject.sent).toMatchObject([{ poll: false, final: true, state: 'up' }])
  })

  it('an answer that tells of a change is one packet, not two', () => {
    const subject = new Subject().hear({ poll: true })
    expect(subject.sent).toMatchObject([{ final: true, state: 'init' }])
  })

  it('while we poll, an answer is final and no poll', () => {
    const subject = new Subject().hear({ state: 'init' }).hear({ state: 'up', poll: true })
    expect(subject.sent.at(-1)).toMatchObject({ poll: false, final: true })
  })

  it('up, a longer interval is said, and used only once it is acknowledged', () => {
    const subject = new Subject().up()
    subject.parameters = { ...subject.parameters, minTxUs: 200_000 }
    subject.tell({ kind: 'changed' })
    expect(transmitMs(subject.session)).toBe(50)
    subject.wait(50).tell({ kind: 'timer' })
    expect(subject.sent.at(-1)).toMatchObject({ desiredMinTxUs: 200_000, poll: true })
    expect(transmitMs(subject.hear({ state: 'up', final: true }).session)).toBe(200)
  })

  it('§6.5: a poll waits for the next periodic packet, and is in no other', () => {
    const subject = new Subject().up()
    subject.parameters = { ...subject.parameters, minTxUs: 80_000 }
    expect(subject.tell({ kind: 'changed' }).sent).toEqual([])
    const due = nextWakeup(subject.session) ?? 0
    subject.now = due
    expect(subject.tell({ kind: 'timer' }).sent).toMatchObject([{ poll: true, desiredMinTxUs: 80_000 }])
  })

  it('up, a shorter interval is used at once', () => {
    const subject = new Subject().up()
    subject.parameters = { ...subject.parameters, minTxUs: 35_000 }
    expect(transmitMs(subject.tell({ kind: 'changed' }).session)).toBe(35)
  })

  it('up, less is accepted only once that is acknowledged', () => {
    const subject = new Subject().up().hear({ state: 'up', desiredMinTxUs: 10_000 })
    expect(detectionMs(subject.session)).toBe(200)
    subject.parameters = { ...subject.parameters, minRxUs: 20_000 }
    expect(detectionMs(subject.tell({ kind: 'changed' }).session)).toBe(200)
    const known = subject.hear({ state: 'up', desiredMinTxUs: 10_000, final: true })
    expect(detectionMs(known.session)).toBe(100)
  })

  it('a change during a poll sequence begins another', () => {
    const subject = new Subject().up()
    subject.parameters = { ...subject.parameters, minTxUs: 200_000 }
    subject.tell({ kind: 'changed' })
    subject.parameters = { ...subject.parameters, minTxUs: 300_000 }
    subject.tell({ kind: 'changed' }).hear({ state: 'up', final: true })
    expect(subject.session.polls).toBe(1)
    expect(transmitMs(subject.hear({ state: 'up', final: true }).session)).toBe(300)
  })

  it('a final that nobody asked for changes nothing', () => {
    const subject = new Subject().up()
    const before = subject.session
    expect(subject.hear({ state: 'up', final: true }).session).toEqual(before)
  })
})

it('RFC 5880 §6.6, §6.8.9: asks for no demand mode and offers no echo, whatever its state', () => {
  const subject = new Subject().tell({ kind: 'timer' }).hear({}).hear({ state: 'up', poll: true })
  subject.wait(50).tell({ kind: 'timer' }).tell({ kind: 'disable' })
  expect(new Set(subject.sent.map(({ state }) => state))).toEqual(
    new Set(['down', 'init', 'up', 'admin-down']),
  )
  for (const packet of subject.sent) {
    expect(packet).toMatchObject({ demand: false, controlPlaneIndependent: false, requiredMinEchoRxUs: 0 })
  }
})

describe('RFC 5880 §6.8.4: the detection time', () => {
  it('is the neighbour’s multiplier times the larger of our minimum and its interval', () => {
    expect(detectionMs(new Subject().up().session)).toBe(300)
    expect(detectionMs(new Subject().up().hear({ state: 'up', desiredMinTxUs: 10_000 }).session)).toBe(200)
  })

  it('begins anew with every packet', () => {
    const subject = new Subject().up().wait(299).hear({ state: 'up' }).wait(299).tell({ kind: 'timer' })
    expect(subject.session.state).toBe('up')
  })

  it('can be put off by who was late himself', () => {
    const subject = new Subject().up().wait(400)
    subject.tell({ kind: 'postpone', untilMs: subject.now + 300 }).tell({ kind: 'timer' })
    expect(subject.session.state).toBe('up')
    expect(subject.wait(300).tell({ kind: 'timer' }).session.state).toBe('down')
  })
})

describe('last words', () => {
  it('are admin-down, from us to whom we know', () => {
    const { session } = new Subject().up()
    expect(farewell(parameters, session)).toMatchObject({
      ...{ state: 'admin-down', diagnostic: 7, myDiscriminator: 7, yourDiscriminator: 9 },
      ...{ poll: false, final: false },
    })
  })
  it('are for nobody while nobody is there', () =>
    expect(farewell(parameters, new Subject().session)).toBeNull())
})

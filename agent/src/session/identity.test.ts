/** What the machine makes of credentials, new keys, probes, and a centre that is not ours. */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { ServerFrame, Welcome } from '@aloft/shared/protocol/frames'
import type { Credential } from '@aloft/shared/protocol/identity'
import { beforeEach, describe, expect, it } from 'vitest'
import { initialSession, nextDeadlineMs } from './machine.ts'
import { SessionUnderTest } from './session-under-test.test.support.ts'
import type { SessionAction, SessionEvent } from './state.ts'

const HOUR_MS = 3_600_000

const credentialOf = (serial: string, issuedMs = 0, publicKey = 'key'): Credential => ({
  ...{ serial, agentId: 'a1', publicKey, issuer: 'centre', signature: 'x' },
  ...{ issuedMs, expiresMs: issuedMs + 24 * HOUR_MS },
})

let session: SessionUnderTest

beforeEach(() => {
  start(null)
})

function start(credential: Credential | null): void {
  session = new SessionUnderTest(initialSession({ epoch: 'e1', firstSeq: 1, lastSeq: 0 }, 0, credential), 0)
  feed({ kind: 'start' })
}

const feed = (event: SessionEvent) => session.feed(event)
const hear = (frame: ServerFrame) => session.hear(frame)

function challenge() {
  feed({ kind: 'opened' })
  const [action] = hear({ kind: 'challenge', nonce: 'n', protocolVersion: 1 })
  if (action?.do !== 'hello') throw new Error('no hello')
  return action.hello
}

function welcome(facts: Partial<Welcome> = {}): readonly SessionAction[] {
  const base = {
    kind: 'welcome',
    sessionId: 's1',
    resumeAfterSeq: 0,
    heartbeatMs: 15_000,
    spreadMs: 0,
  } as const
  const actions = hear({ ...base, proof: 'p', ...facts })
  feed({ kind: 'snapshot', asOfSeq: 0, routers: [] })
  return actions
}

/** Lets time pass, with pongs so that nothing is missed but what the test is about. */
const wait = (ms: number) => session.wait(ms, () => feed({ kind: 'alive' }))

const renewals = (actions: readonly SessionAction[]) =>
  actions.filter((action) => action.do === 'send' && action.frame.kind === 'renew').length

function refuse(code: number): void {
  feed({ kind: 'closed', code, reason: 'no', retryAfterMs: null })
  for (; session.state.phase.name === 'waiting'; feed({ kind: 'tick' }))
    session.now = nextDeadlineMs(session.state) ?? session.now
}

describe('a credential', () => {
  it('is shown in the hello, with the machine it is used on', () => {
    start(credentialOf('c1'))
    expect(challenge()).toMatchObject({ credential: credentialOf('c1'), machineId: 'm1' })
  })

  it('that the welcome brings is kept, and shown from then on', () => {
    expect(challenge()).not.toHaveProperty('credential')
    expect(welcome({ credential: credentialOf('c1') })).toContainEqual({
      do: 'keep-credential',
      credential: credentialOf('c1'),
    })
    refuse(1006)
    expect(challenge().credential).toEqual(credentialOf('c1'))
  })

  it('is renewed once at two thirds of its life, over the session', () => {
    challenge()
    welcome({ credential: credentialOf('c1') })
    expect(renewals(wait(15.9 * HOUR_MS))).toBe(0)
    expect(renewals(wait(0.2 * HOUR_MS))).toBeGreaterThan(0)
    const next = credentialOf('c2', session.now)
    expect(hear({ kind: 'credential', credential: next, candidate: false })).toEqual([
      { do: 'keep-credential', credential: next },
    ])
    expect(renewals(wait(15.9 * HOUR_MS))).toBe(0)
    expect(renewals(wait(0.2 * HOUR_MS))).toBeGreaterThan(0)
  })

  it('is asked for again after a minute or two while no answer comes', () => {
    challenge()
    welcome({ credential: credentialOf('c1') })
    wait(16.1 * HOUR_MS)
    expect(renewals(wait(900_000))).toBe(10)
  })

  it('of an earlier run is renewed by what is left of it', () => {
    start(credentialOf('c1', -10 * HOUR_MS))
    challenge()
    welcome()
    expect(renewals(wait(5.9 * HOUR_MS))).toBe(0)
    expect(renewals(wait(0.2 * HOUR_MS))).toBeGreaterThan(0)
  })

  it('is asked of no centre that gives none', () => {
    start(credentialOf('c1'))
    challenge()
    const { proof: _, ...plain } = { proof: undefined }
    hear({ kind: 'welcome', sessionId: 's', resumeAfterSeq: 0, heartbeatMs: 15_000, spreadMs: 0, ...plain })
    feed({ kind: 'snapshot', asOfSeq: 0, routers: [] })
    expect(renewals(wait(48 * HOUR_MS))).toBe(0)
  })

  it('we were refused with is left out of the next hello, and shown again in the one after', () => {
    start(credentialOf('c1'))
    const shown = Array.from({ length: 4 }, () => {
      const { credential } = challenge()
      refuse(CloseCode.unauthorised)
      return credential?.serial
    })
    expect(shown).toEqual(['c1', undefined, 'c1', undefined])
  })

  it('we were refused with is shown again after a welcome, though that brought none', () => {
    start(credentialOf('c1'))
    challenge()
    refuse(CloseCode.unauthorised)
    expect(challenge()).not.toHaveProperty('credential')
    welcome()
    refuse(1006)
    expect(challenge().credential?.serial).toBe('c1')
  })

  it('that is overdue is asked for once there is a snapshot, and nobody is kept busy until then', () => {
    start(credentialOf('c1', -24 * HOUR_MS))
    challenge()
    hear({ kind: 'welcome', sessionId: 's', resumeAfterSeq: 0, heartbeatMs: 15_000, spreadMs: 0, proof: 'p' })
    session.now += 40_000
    expect(renewals(feed({ kind: 'tick' }))).toBe(0)
    expect(nextDeadlineMs(session.state)).toBeGreaterThan(session.now)
    feed({ kind: 'snapshot', asOfSeq: 0, routers: [] })
    expect(renewals(feed({ kind: 'tick' }))).toBe(1)
  })

  it('stays what it is when the session ends in any other way', () => {
    start(credentialOf('c1'))
    for (const code of [
      1006,
      CloseCode.tryLater,
      CloseCode.quarantined,
      CloseCode.pending,
      CloseCode.superseded,
    ]) {
      expect(challenge().credential?.serial, String(code)).toBe('c1')
      refuse(code)
    }
  })
})

describe('a new key', () => {
  it('is made when the welcome or a credential asks for it', () => {
    challenge()
    const order = { do: 'make-key', sessionId: 's1' }
    expect(welcome({ rotateKey: true })).toContainEqual(order)
    const frame = { kind: 'credential', credential: credentialOf('c2'), candidate: false } as const
    expect(hear({ ...frame, rotateKey: true })).toContainEqual(order)
    expect(hear(frame)).not.toContainEqual(order)
  })

  it('is shown to the centre, tried with what that answers, and taken when it held', () => {
    start(credentialOf('c1'))
    challenge()
    welcome()
    expect(feed({ kind: 'candidate', publicKey: 'new', signature: 'x' })).toEqual([
      { do: 'send', frame: { kind: 'renew', candidate: { publicKey: 'new', signature: 'x' } } },
    ])
    const credential = credentialOf('c2', 0, 'new')
    expect(hear({ kind: 'credential', credential, candidate: true })).toEqual([{ do: 'try-key', credential }])
    expect(session.state.credential?.serial, 'until it held').toBe('c1')
    feed({ kind: 'key-changed', credential })
    expect(session.state.phase.name, 'the session goes on').toBe('live')
    refuse(1006)
    expect(challenge().credential).toEqual(credential)
  })

  it('that held while the session was gone is taken all the same', () => {
    start(credentialOf('c1'))
    challenge()
    welcome()
    feed({ kind: 'closed', code: 1006, reason: '', retryAfterMs: null })
    feed({ kind: 'key-changed', credential: credentialOf('c2', 0, 'new') })
    wait(120_000)
    expect(challenge().credential?.serial).toBe('c2')
  })

  it('without a session to ask in is not asked for', () => {
    expect(feed({ kind: 'candidate', publicKey: 'new', signature: 'x' })).toEqual([])
  })
})

describe('a centre that is not ours', () => {
  it.each(['challenge', 'welcome'])('is left at its %s, with the reason, and asked again slowly', (at) => {
    if (at === 'challenge') feed({ kind: 'opened' })
    else challenge()
    expect(feed({ kind: 'distrusted', reason: 'another centre' })).toEqual([
      { do: 'close', code: CloseCode.wrongCentre, reason: 'another centre' },
    ])
    expect(session.state.problem).toEqual({ code: CloseCode.wrongCentre, text: 'another centre' })
    expect((nextDeadlineMs(session.state) ?? 0) - session.now).toBe(45_000)
    expect(session.state.heldSeq).toBe(0)
  })
})

describe('six refusals', () => {
  it.each([CloseCode.unauthorised, CloseCode.pending])(
    'with %i make an agent slow, and a welcome quick again',
    (code) => {
      session.random = 1
      const waits = Array.from({ length: 12 }, () => {
        challenge()
        const before = session.now
        refuse(code)
        return session.now - before
      })
      const slow = waits.slice(6)
      expect(Math.max(...waits.slice(0, 6))).toBeLessThanOrEqual(60_000)
      expect(Math.min(...slow)).toBeGreaterThanOrEqual(60_000)
      expect(waits.at(-1)).toBe(code === CloseCode.pending ? 600_000 : 60_000 * 2 ** 5)
      challenge()
      welcome()
      expect(session.state.retry.refusals).toBe(0)
    },
  )
})

it('answers a probe, so that the centre knows that somebody is here', () => {
  challenge()
  welcome()
  expect(hear({ kind: 'probe', nonce: 'are-you-there' })).toEqual([
    { do: 'send', frame: { kind: 'alive', nonce: 'are-you-there' } },
  ])
})

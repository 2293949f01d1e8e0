/** A session under way when what it is told comes twice, late, out of turn, or asks for too much. */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { ServerFrame } from '@aloft/shared/protocol/frames'
import { beforeEach, describe, expect, it } from 'vitest'
import { initialSession, nextDeadlineMs } from './machine.ts'
import {
  closes,
  SessionUnderTest,
  sent,
  spooledEvents,
  WALL_MINUS_MONO,
} from './session-under-test.test.support.ts'
import type { SessionAction, SessionEvent } from './state.ts'

let session: SessionUnderTest

beforeEach(() => {
  session = new SessionUnderTest(initialSession({ epoch: 'e1', firstSeq: 1, lastSeq: 10 }, 0))
})

const feed = (event: SessionEvent) => session.feed(event)
const hear = (frame: ServerFrame) => session.hear(frame)
const wait = (ms: number) => session.wait(ms)
const spooled = (lastSeq: number) => feed({ kind: 'spooled', range: { epoch: 'e1', firstSeq: 1, lastSeq } })

/** What the spool answers to a read after `afterSeq`. */
const given = (afterSeq: number, first: number, last: number) =>
  feed({ kind: 'read', epoch: 'e1', afterSeq, events: spooledEvents(first, last), unreadable: null })

const readsOf = (actions: readonly SessionAction[]) =>
  actions.flatMap((action) => (action.do === 'read' ? [action.afterSeq] : []))

function welcomed(): readonly SessionAction[] {
  if (session.state.phase.name === 'stopped') feed({ kind: 'start' })
  feed({ kind: 'opened' })
  hear({ kind: 'challenge', nonce: 'n', protocolVersion: 1 })
  return hear({
    kind: 'welcome',
    sessionId: 's',
    resumeAfterSeq: 10,
    heartbeatMs: 15_000,
    spreadMs: 4_000,
  })
}

function live(): readonly SessionAction[] {
  welcomed()
  return feed({ kind: 'snapshot', asOfSeq: 10, routers: [] })
}

describe('events', () => {
  it('are read on from an ack that overtakes a read after a resume; that read is dropped', () => {
    live()
    session.now += 1_000
    spooled(20)
    given(10, 11, 20)
    session.now += 1_000
    expect(readsOf(hear({ kind: 'resume', epoch: 'e1', afterSeq: 12 }))).toEqual([12])
    const acked = hear({ kind: 'ack', epoch: 'e1', seq: 18 })
    expect(readsOf([...acked, ...wait(50)])).toEqual([18])
    expect(sent(given(12, 13, 20))).toEqual([])
    expect(sent(given(18, 19, 20))).toMatchObject([{ kind: 'events', events: [{ seq: 19 }, { seq: 20 }] }])
  })

  it('may be sent back any number of times, as long as some are taken in between', () => {
    live()
    for (let seq = 11; seq < 40; seq++) {
      session.now += 1_000
      spooled(seq)
      given(seq - 1, seq, seq)
      expect(closes(hear({ kind: 'resume', epoch: 'e1', afterSeq: seq - 1 }))).toEqual([])
      session.now += 1_000
      wait(100)
      given(seq - 1, seq, seq)
      expect(closes(hear({ kind: 'ack', epoch: 'e1', seq }))).toEqual([])
    }
  })

  it.each([12, 13, 20])(
    'of which the spool first gives number %i, though 11 is due, begin a new session',
    (first) => {
      live()
      session.now += 1_000
      spooled(30)
      const after = given(10, first, 30)
      expect([sent(after), closes(after)]).toEqual([[], [CloseCode.normal]])
      expect(session.state.problem, 'our own wish is no problem').toBeNull()
    },
  )
})

describe('a goaway', () => {
  const goaway = (reconnectWithinMs: number) => hear({ kind: 'goaway', reason: 'deploy', reconnectWithinMs })

  it('that comes again does not put the first off', () => {
    live()
    goaway(8_000)
    wait(3_000)
    goaway(8_000)
    expect(wait(1_000)).toContainEqual({ do: 'succeed' })
  })

  it('for some day is one for the next hour', () => {
    live()
    goaway(1e12)
    // The middle of the hour is what chance says here.
    for (let minute = 0; minute < 30; minute++) {
      feed({ kind: 'alive' })
      expect(wait(59_000)).not.toContainEqual({ do: 'succeed' })
      feed({ kind: 'alive' })
      if (minute < 29) wait(1_000)
    }
    expect(wait(1_000)).toContainEqual({ do: 'succeed' })
  })
})

describe('what is heard', () => {
  it('of any kind is a sign of life', () => {
    live()
    wait(30_000)
    hear({ kind: 'probe', nonce: 'x' })
    expect(closes(wait(59_999))).toEqual([])
    expect(closes(wait(1))).toEqual([CloseCode.tryLater])
  })

  it('of a pong that comes again is no new measurement', () => {
    live()
    const pong = {
      kind: 'pong',
      agentSentWallMs: WALL_MINUS_MONO,
      receivedWallMs: WALL_MINUS_MONO + 505,
      sentWallMs: WALL_MINUS_MONO + 505,
    } as const
    session.now += 10
    hear(pong)
    for (let i = 0; i < 8; i++) {
      session.now += 1_000
      hear(pong)
    }
    const [beat] = sent(wait(15_000))
    expect(beat).toMatchObject({ kind: 'heartbeat', clock: { offsetMs: 500, errorMs: 5 } })
  })
})

describe('the router', () => {
  it('that answers before the first snapshot is asked for one, not for two', () => {
    expect(welcomed()).toContainEqual({ do: 'take-snapshot' })
    expect(feed({ kind: 'router', alive: true })).toEqual([])
  })

  it('that answered before there was a session is alive in its first heartbeat', () => {
    feed({ kind: 'start' })
    feed({ kind: 'router', alive: true })
    expect(sent(live())).toContainEqual(expect.objectContaining({ kind: 'heartbeat', routerAlive: true }))
  })
})

describe('a problem', () => {
  it('is over with the next welcome', () => {
    feed({ kind: 'start' })
    feed({ kind: 'closed', code: 1006, reason: 'connection refused', retryAfterMs: null })
    expect(session.state.problem).toEqual({ code: 1006, text: 'connection refused' })
    wait(1_000)
    welcomed()
    expect(session.state.problem).toBeNull()
  })

  it.each(['unsupportedVersion', 'quarantined', 'wrongCentre'] as const)(
    'that only people can end (%s) is looked at slowly, from the first time on',
    (name) => {
      feed({ kind: 'start' })
      feed({ kind: 'closed', code: CloseCode[name], reason: 'no', retryAfterMs: null })
      expect((nextDeadlineMs(session.state) ?? 0) - session.now).toBe(45_000)
    },
  )
})

import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { ServerFrame } from '@aloft/shared/protocol/frames'
import { beforeEach, describe, expect, it } from 'vitest'
import { initialSession, nextDeadlineMs } from './machine.ts'
import {
  CONFIG,
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

/** Answers the read among `actions` with everything it asked for; returns what came of it. */
function answer(actions: readonly SessionAction[]): readonly SessionAction[] {
  const read = actions.find((action) => action.do === 'read')
  if (read?.do !== 'read') throw new Error('no read was asked for')
  const { afterSeq, countMax } = read
  return feed({
    kind: 'read',
    epoch: 'e1',
    afterSeq,
    events: spooledEvents(afterSeq + 1, afterSeq + countMax),
    unreadable: null,
  })
}

function spooled(lastSeq: number, firstSeq = 1): readonly SessionAction[] {
  return feed({ kind: 'spooled', range: { epoch: 'e1', firstSeq, lastSeq } })
}

const welcome = {
  kind: 'welcome',
  sessionId: 's',
  resumeAfterSeq: 10,
  heartbeatMs: 15_000,
  spreadMs: 4_000,
} as const

function challenged(): void {
  feed({ kind: 'start' })
  feed({ kind: 'opened' })
  hear({ kind: 'challenge', nonce: 'n', protocolVersion: 1 })
}

function live(resumeAfterSeq = 10): readonly SessionAction[] {
  challenged()
  hear({ ...welcome, resumeAfterSeq })
  return feed({ kind: 'snapshot', asOfSeq: 10, routers: [] })
}

describe('opening a session', () => {
  it('dials when started, and only then', () => {
    expect(wait(1e6)).toEqual([])
    expect(feed({ kind: 'start' })).toEqual([{ do: 'dial' }])
    expect(feed({ kind: 'start' })).toEqual([])
  })

  it('answers the challenge with who it is and what its spool holds', () => {
    feed({ kind: 'start' })
    feed({ kind: 'opened' })
    spooled(12, 3)
    const [hello] = hear({ kind: 'challenge', nonce: 'n', protocolVersion: 1 })
    const said = {
      kind: 'hello',
      protocolVersion: 1,
      ...CONFIG,
      epoch: 'e1',
      firstSeq: 3,
      lastSeq: 12,
      wallMs: WALL_MINUS_MONO,
    }
    expect(hello).toEqual({ do: 'hello', nonce: 'n', hello: said })
  })

  it('refuses a centre of another version, and asks it again slowly', () => {
    feed({ kind: 'start' })
    feed({ kind: 'opened' })
    expect(closes(hear({ kind: 'challenge', nonce: 'n', protocolVersion: 2 }))).toEqual([
      CloseCode.unsupportedVersion,
    ])
    expect(wait(29_999)).toEqual([])
    expect(wait(60_000)).toContainEqual({ do: 'dial' })
  })

  it.each([
    ['a connection', () => feed({ kind: 'start' })],
    ['a challenge', () => [feed({ kind: 'start' }), feed({ kind: 'opened' })]],
    ['a welcome', () => challenged()],
  ])('gives up when %s does not come within 30 s', (_, begin) => {
    begin()
    expect(closes(wait(29_999))).toEqual([])
    expect(closes(wait(1))).toEqual([CloseCode.tryLater])
    expect(session.state.phase.name).toBe('waiting')
  })

  it('refuses a welcome before the challenge, and a challenge for a welcome', () => {
    feed({ kind: 'start' })
    feed({ kind: 'opened' })
    expect(closes(hear(welcome))).toEqual([CloseCode.protocolError])
    wait(60_000)
    feed({ kind: 'opened' })
    hear({ kind: 'challenge', nonce: 'n', protocolVersion: 1 })
    expect(closes(hear({ kind: 'challenge', nonce: 'n', protocolVersion: 1 }))).toEqual([
      CloseCode.protocolError,
    ])
  })

  it('refuses a welcome that resumes beyond the end of the spool', () => {
    challenged()
    expect(closes(hear({ ...welcome, resumeAfterSeq: 11 }))).toEqual([CloseCode.protocolError])
  })

  it('shows a snapshot and the marker before anything else, then its first heartbeat', () => {
    challenged()
    const asked = hear({ ...welcome, resumeAfterSeq: 4 })
    expect(asked).toEqual([{ do: 'held', epoch: 'e1', seq: 4 }, { do: 'take-snapshot' }])
    expect(spooled(11)).toEqual([])
    expect(sent(wait(200))).toEqual([])
    const shown = feed({ kind: 'snapshot', asOfSeq: 10, routers: null })
    expect(sent(shown).map(({ kind }) => kind)).toEqual(['snapshot', 'synced', 'heartbeat'])
    expect(shown.at(-1)).toMatchObject({ do: 'read', afterSeq: 4 })
  })
})

describe('sending events', () => {
  it('begins after the resume point', () => {
    expect(sent(answer(live(7)))).toEqual([{ kind: 'events', epoch: 'e1', events: spooledEvents(8, 10) }])
  })

  it('sends a first event at once', () => {
    live()
    session.now += 1_000
    expect(sent(answer(spooled(11)))).toHaveLength(1)
  })

  it('lets a small batch wait 50 ms for company while another is in flight', () => {
    live()
    session.now += 1_000
    answer(spooled(11))
    expect(spooled(12)).toEqual([])
    expect(wait(20)).toEqual([])
    expect(spooled(13)).toEqual([])
    expect(wait(29)).toEqual([])
    expect(wait(1)).toEqual([expect.objectContaining({ do: 'read', afterSeq: 11, countMax: 2 })])
  })

  it('sends the company as soon as the batch in flight is acknowledged, 25 ms apart', () => {
    live()
    session.now += 1_000
    answer(spooled(11))
    spooled(12)
    session.now += 5
    expect(hear({ kind: 'ack', epoch: 'e1', seq: 11 })).toEqual([{ do: 'held', epoch: 'e1', seq: 11 }])
    expect(wait(19)).toEqual([])
    expect(wait(1)).toEqual([expect.objectContaining({ do: 'read', afterSeq: 11 })])
  })

  it('never has more than 500 in a batch nor 2,000 in flight', () => {
    live()
    session.now += 1_000
    let actions = spooled(10_000)
    const sizes: number[] = []
    while (actions.some((action) => action.do === 'read')) {
      actions = answer(actions)
      for (const frame of sent(actions)) if (frame.kind === 'events') sizes.push(frame.events.length)
    }
    expect(sizes).toEqual([500, 500, 500, 500])
    expect(wait(1_000)).toEqual([])
    const room = hear({ kind: 'ack', epoch: 'e1', seq: 510 })
    expect(room).toContainEqual(expect.objectContaining({ do: 'read', afterSeq: 2_010, countMax: 500 }))
  })

  it('asks for no more bytes than a frame may have', () => {
    const [read] = live(0).filter((action) => action.do === 'read')
    expect(read).toMatchObject({ bytesMax: 256 * 1024 - 512 })
  })

  it('asks for half as much after each session that ended with a frame too big, down to 8 KiB', () => {
    const asked: number[] = []
    for (let i = 0; i < 7; i++) {
      asked.push(...live(0).flatMap((action) => (action.do === 'read' ? [action.bytesMax + 512] : [])))
      feed({ kind: 'closed', code: CloseCode.tooBig, reason: '413', retryAfterMs: null })
      session.now = nextDeadlineMs(session.state) ?? session.now
      feed({ kind: 'tick' })
    }
    expect(asked).toEqual([256, 128, 64, 32, 16, 8, 8].map((kib) => kib * 1024))
  })

  it('goes back where the centre says, and forgets a read of the old place', () => {
    live()
    session.now += 1_000
    expect(spooled(12)).toContainEqual(expect.objectContaining({ do: 'read', afterSeq: 10 }))
    const back = hear({ kind: 'resume', epoch: 'e1', afterSeq: 3 })
    expect(back[0]).toEqual({ do: 'held', epoch: 'e1', seq: 3 })
    const stale = { epoch: 'e1', afterSeq: 10, events: spooledEvents(11, 12), unreadable: null }
    expect(feed({ kind: 'read', ...stale })).toEqual([])
    expect(sent(answer(back))).toEqual([{ kind: 'events', epoch: 'e1', events: spooledEvents(4, 12) }])
  })

  it('goes on from what is acknowledged after it was sent back: that was under way all the while', () => {
    live()
    session.now += 1_000
    answer(spooled(20))
    const back = hear({ kind: 'resume', epoch: 'e1', afterSeq: 12 })
    const acked = hear({ kind: 'ack', epoch: 'e1', seq: 18 })
    expect(closes(acked)).toEqual([])
    expect(acked).toContainEqual({ do: 'held', epoch: 'e1', seq: 18 })
    expect(sent(answer([...back, ...wait(1_000)].slice(-1)))).toEqual([
      { kind: 'events', epoch: 'e1', events: spooledEvents(19, 20) },
    ])
  })

  it('takes a later place to go back to than it has come to again', () => {
    live()
    session.now += 1_000
    answer(spooled(20))
    hear({ kind: 'resume', epoch: 'e1', afterSeq: 12 })
    expect(closes(hear({ kind: 'resume', epoch: 'e1', afterSeq: 15 }))).toEqual([])
    expect(closes(hear({ kind: 'resume', epoch: 'e1', afterSeq: 21 }))).toEqual([CloseCode.protocolError])
  })

  it('ends a session that sends it back in circles', () => {
    live(3)
    const codes: number[] = []
    for (let i = 0; i < 20 && codes.length === 0; i++)
      codes.push(...closes(hear({ kind: 'resume', epoch: 'e1', afterSeq: 3 })))
    expect(codes).toEqual([CloseCode.protocolError])
  })

  it('ignores acks of another epoch and of what is acknowledged, and ends on one of what was never sent', () => {
    live()
    expect(hear({ kind: 'ack', epoch: 'other', seq: 99 })).toEqual([])
    expect(hear({ kind: 'ack', epoch: 'e1', seq: 10 })).toEqual([])
    expect(closes(hear({ kind: 'ack', epoch: 'e1', seq: 11 }))).toEqual([CloseCode.protocolError])
  })

  it('says hello anew, at once, when the spool dropped what was to be sent next', () => {
    live()
    expect(closes(spooled(5_000, 3_000))).toEqual([CloseCode.normal])
    expect(wait(0)).toContainEqual({ do: 'dial' })
  })

  it('ends the session when the spool cannot be read', () => {
    answer(live(7))
    session.now += 1_000
    spooled(11)
    wait(60)
    expect(closes(feed({ kind: 'read', epoch: 'e1', afterSeq: 10, events: [], unreadable: 'EIO' }))).toEqual([
      CloseCode.internalError,
    ])
  })
})

describe('staying alive', () => {
  it('beats as often as the welcome says, with the backlog and whether the router lives', () => {
    live()
    feed({ kind: 'router', alive: true })
    session.now += 1_000
    answer(spooled(13))
    const [beat, ...more] = sent(wait(14_000))
    expect(beat).toMatchObject({ kind: 'heartbeat', spoolBacklog: 3, routerAlive: true, clock: null })
    expect(more).toEqual([])
  })

  it('bounds an interval that would be silence or a flood', () => {
    challenged()
    hear({ ...welcome, heartbeatMs: 1e9 })
    feed({ kind: 'snapshot', asOfSeq: 10, routers: [] })
    expect(sent(wait(45_000))).toHaveLength(1)
  })

  it('measures the clock by heartbeat and pong', () => {
    live()
    const sentWallMs = session.now + WALL_MINUS_MONO
    session.now += 10
    hear({
      kind: 'pong',
      agentSentWallMs: sentWallMs,
      receivedWallMs: sentWallMs + 505,
      sentWallMs: sentWallMs + 505,
    })
    const [beat] = sent(wait(15_000))
    expect(beat).toMatchObject({ clock: { offsetMs: 500, errorMs: 5 } })
  })

  it('takes no sample from a pong of another heartbeat', () => {
    live()
    hear({ kind: 'pong', agentSentWallMs: 1, receivedWallMs: 5, sentWallMs: 5 })
    expect(sent(wait(15_000))[0]).toMatchObject({ clock: null })
  })

  it('ends a session in which nothing was heard for 60 s, counted from the last sign of life', () => {
    live()
    wait(30_000)
    feed({ kind: 'alive' })
    expect(closes(wait(59_999))).toEqual([])
    expect(closes(wait(1))).toEqual([CloseCode.tryLater])
  })

  it('shows the picture anew when the router answers again', () => {
    live()
    expect(feed({ kind: 'router', alive: true })).toEqual([{ do: 'take-snapshot' }])
    expect(feed({ kind: 'router', alive: true })).toEqual([])
    expect(feed({ kind: 'router', alive: false })).toEqual([])
    expect(sent(feed({ kind: 'snapshot', asOfSeq: 10, routers: [] })).map(({ kind }) => kind)).toEqual([
      'snapshot',
      'synced',
    ])
  })
})

describe('the end of a session', () => {
  function lost(code: number, retryAfterMs: number | null = null): number {
    feed({ kind: 'closed', code, reason: 'over', retryAfterMs })
    if (session.state.phase.name !== 'waiting') throw new Error(`phase ${session.state.phase.name}`)
    return session.state.phase.untilMs - session.now
  }

  it('that was established waits within the spread of its welcome', () => {
    live()
    wait(0)
    session.now += 61_000
    expect(lost(1006)).toBe(2_000)
  })

  it('by 4002 is not followed by a dial at once', () => {
    live()
    expect(lost(CloseCode.superseded)).toBeGreaterThanOrEqual(30_000)
  })

  it('by 4001 is retried slowly from the seventh time on, and a welcome forgives', () => {
    feed({ kind: 'start' })
    const waits: number[] = []
    for (let i = 0; i < 12; i++) {
      waits.push(lost(CloseCode.unauthorised))
      wait(waits.at(-1) ?? 0)
    }
    expect(Math.max(...waits.slice(0, 6))).toBeLessThanOrEqual(60_000)
    expect(waits[11]).toBe(1_440_000)
    feed({ kind: 'opened' })
    hear({ kind: 'challenge', nonce: 'n', protocolVersion: 1 })
    hear(welcome)
    expect(session.state.retry.refusals).toBe(0)
  })

  it('waits as long as the centre says, if it says', () => {
    feed({ kind: 'start' })
    expect(lost(1006, 20_000)).toBe(21_000)
  })

  it('after a goaway is prepared once, at a random instant within its time, by the session that follows', () => {
    live()
    hear({ kind: 'goaway', reason: 'deploy', reconnectWithinMs: 8_000 })
    expect(wait(3_999)).not.toContainEqual({ do: 'succeed' })
    expect(wait(1)).toEqual([{ do: 'succeed' }])
    expect(wait(40_000)).not.toContainEqual({ do: 'succeed' })
    expect(session.state.phase.name).toBe('live')
    expect(lost(CloseCode.restart)).toBe(0)
  })

  it('by the server before that instant does not hurry it', () => {
    live()
    hear({ kind: 'goaway', reason: 'deploy', reconnectWithinMs: 8_000 })
    session.now += 1_000
    expect(lost(CloseCode.restart)).toBe(3_000)
  })

  it.each([
    ['an unknown kind', true, CloseCode.unsupportedVersion],
    ['nonsense', false, CloseCode.protocolError],
  ])('comes from us on %s', (_, unknownKind, code) => {
    live()
    expect(closes(feed({ kind: 'frame', frame: { malformed: 'kind: Invalid input', unknownKind } }))).toEqual(
      [code],
    )
    expect(wait(0)).toEqual([])
  })

  it('by our own stop is the last thing that happens', () => {
    live()
    expect(closes(feed({ kind: 'stop' }))).toEqual([CloseCode.normal])
    expect(wait(1e7)).toEqual([])
    expect(feed({ kind: 'closed', code: 1000, reason: '', retryAfterMs: null })).toEqual([])
  })
})

import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { AgentFrame, Hello } from '@aloft/shared/protocol/frames'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Instant,
  openSession,
  SESSION_LIMITS,
  type Session,
  type SessionAction,
  type SessionEvent,
  stepSession,
} from './machine.ts'

const at = (monoMs: number): Instant => ({ monoMs, wallMs: 1_000_000 + monoMs })

const hello: Hello = {
  kind: 'hello',
  protocolVersion: 1,
  agentId: 'a1',
  signature: 'sig',
  node: 'lb1',
  software: '0.1.0',
  bootId: 'b1',
  runId: 'r1',
  epoch: 'e1',
  firstSeq: 1,
  lastSeq: 4,
  wallMs: 1_000_040,
}
const heartbeat: AgentFrame = {
  kind: 'heartbeat',
  sentWallMs: 7,
  spoolBacklog: 3,
  routerAlive: true,
  clock: { offsetMs: 5, errorMs: 1 },
}
const snapshot: AgentFrame = { kind: 'snapshot', asOfSeq: 4, routers: [] }
const synced: AgentFrame = { kind: 'synced' }
const events = (epoch: string, ...seqs: number[]): AgentFrame => ({
  kind: 'events',
  epoch,
  events: seqs.map((seq) => ({
    seq,
    at: { wallMs: seq, monoMs: seq, bootId: 'b1' },
    body: { kind: 'link', interface: 'eth0', up: true },
  })),
})

const frame = (value: AgentFrame): SessionEvent => ({ kind: 'frame', frame: value })
const admitted: SessionEvent = {
  kind: 'admitted',
  sessionId: 's1',
  resumeAfterSeq: 2,
  spreadMs: 2_000,
  greeting: {},
  trial: false,
}

/** Plays events 10 ms apart and gives the last session and every action. */
function play(script: readonly SessionEvent[]): { session: Session; actions: readonly SessionAction[] } {
  let [session, actions] = openSession('nonce', SESSION_LIMITS, at(0))
  const all = [...actions]
  for (const [i, event] of script.entries()) {
    ;[session, actions] = stepSession(session, event, at((i + 1) * 10))
    all.push(...actions)
  }
  return { session, actions: all }
}

const opening = [frame(hello), admitted, frame(snapshot), frame(synced)]
const closeOf = (script: readonly SessionEvent[]) =>
  play(script).actions.find((action) => action.do === 'close')

describe('a session in legal order', () => {
  it('challenges, admits, welcomes, takes the snapshot, then events and heartbeats', () => {
    const { actions, session } = play([
      ...opening,
      frame(events('e1', 3, 4)),
      { kind: 'held', epoch: 'e1', seq: 4 },
    ])
    const clock = { offsetMs: 1_000_010 - 5 - 1_000_040, errorMs: 5 }
    expect(actions).toEqual([
      { do: 'send', frame: { kind: 'challenge', nonce: 'nonce', protocolVersion: 1 } },
      { do: 'admit', hello, nonce: 'nonce', clock, challengedAtMs: at(0).wallMs },
      {
        do: 'send',
        frame: { kind: 'welcome', sessionId: 's1', resumeAfterSeq: 2, heartbeatMs: 15_000, spreadMs: 2_000 },
      },
      { do: 'show', snapshot, epoch: 'e1', clock },
      { do: 'synced' },
      { do: 'ingest', batch: events('e1', 3, 4), clock, liveAfterSeq: 4 },
      { do: 'send', frame: { kind: 'ack', epoch: 'e1', seq: 4 } },
    ])
    expect(session.phase).toBe('live')
  })

  it('answers a heartbeat with the times it needs, and believes its clock from then on', () => {
    const { actions } = play([...opening, frame(heartbeat), frame(events('e1', 3))])
    expect(actions).toContainEqual({
      do: 'send',
      frame: { kind: 'pong', agentSentWallMs: 7, receivedWallMs: 1_000_050, sentWallMs: 1_000_050 },
    })
    expect(actions.at(-1)).toMatchObject({ do: 'ingest', clock: { offsetMs: 5, errorMs: 1 } })
  })

  it('takes heartbeats before the snapshot, and another snapshot later', () => {
    expect(
      closeOf([frame(hello), admitted, frame(heartbeat), frame(snapshot), frame(synced)]),
    ).toBeUndefined()
    expect(closeOf([...opening, frame(snapshot), frame(synced), frame(events('e1', 3))])).toBeUndefined()
  })

  it('sends the agent back when events are missing', () => {
    expect(play([...opening, { kind: 'hole', epoch: 'e1', afterSeq: 2 }]).actions.at(-1)).toEqual({
      do: 'send',
      frame: { kind: 'resume', epoch: 'e1', afterSeq: 2 },
    })
  })
})

describe('a hole', () => {
  const hole: SessionEvent = { kind: 'hole', epoch: 'e1', afterSeq: 2 }
  const held: SessionEvent = { kind: 'held', epoch: 'e1', seq: 3 }
  const resumes = (script: readonly SessionEvent[]) =>
    play([...opening, ...script]).actions.filter(
      (action) => action.do === 'send' && action.frame.kind === 'resume',
    ).length

  it('sends the agent back once, however many batches were in flight', () => {
    expect(resumes([hole, hole, hole])).toBe(1)
  })
  it('sends it back again when it was filled and another opens', () => {
    expect(resumes([hole, held, { ...hole, afterSeq: 3 }, held, hole])).toBe(3)
  })
})

describe('what is refused', () => {
  const cases: [string, readonly SessionEvent[], CloseCode, string][] = [
    ['events before a hello', [frame(events('e1', 1))], CloseCode.protocolError, 'events: a hello is due'],
    [
      'a second hello',
      [...opening, frame(hello)],
      CloseCode.protocolError,
      'hello: the session is under way',
    ],
    [
      'anything before the welcome',
      [frame(hello), frame(heartbeat)],
      CloseCode.protocolError,
      'heartbeat: the welcome has not been sent',
    ],
    [
      'events before the snapshot',
      [frame(hello), admitted, frame(events('e1', 3))],
      CloseCode.protocolError,
      'events: a snapshot is due',
    ],
    [
      'events before synced',
      [frame(hello), admitted, frame(snapshot), frame(events('e1', 3))],
      CloseCode.protocolError,
      'events: synced is due',
    ],
    [
      'synced without a snapshot',
      [frame(hello), admitted, frame(synced)],
      CloseCode.protocolError,
      'synced: a snapshot is due',
    ],
    [
      'synced twice',
      [...opening, frame(synced)],
      CloseCode.protocolError,
      'synced: the session is under way',
    ],
    [
      'another epoch',
      [...opening, frame(events('e2', 1))],
      CloseCode.protocolError,
      'events: not of the epoch the hello named',
    ],
    [
      'a hole within a batch',
      [...opening, frame(events('e1', 3, 5))],
      CloseCode.protocolError,
      'events: seq 5 does not follow the one before it',
    ],
    [
      'another version',
      [frame({ ...hello, protocolVersion: 9 })],
      CloseCode.unsupportedVersion,
      'this centre speaks protocol 1, not 9',
    ],
    [
      'a spool that ends before it begins',
      [frame({ ...hello, firstSeq: 9 })],
      CloseCode.protocolError,
      'hello: firstSeq is beyond lastSeq + 1',
    ],
    [
      'a malformed frame',
      [{ kind: 'frame', frame: { malformed: 'not JSON', unknownKind: false } }],
      CloseCode.protocolError,
      'malformed frame: not JSON',
    ],
    [
      'an unknown kind',
      [{ kind: 'frame', frame: { malformed: 'events.0.body.kind: Invalid input', unknownKind: true } }],
      CloseCode.unsupportedVersion,
      'malformed frame: events.0.body.kind: Invalid input',
    ],
    [
      'a bad signature',
      [frame(hello), { kind: 'refused', code: CloseCode.unauthorised, reason: 'no' }],
      CloseCode.unauthorised,
      'no',
    ],
    [
      'an older session',
      [...opening, { kind: 'ended', code: CloseCode.superseded, reason: 'newer' }],
      CloseCode.superseded,
      'newer',
    ],
  ]
  it.each(cases)('%s', (_name, script, code, reason) => {
    expect(closeOf(script)).toEqual({ do: 'close', code, reason })
  })

  it('too many frames at once, but not a long life', () => {
    const [start] = openSession('n', SESSION_LIMITS, at(0))
    const heard = { epoch: hello.epoch, lastSeq: hello.lastSeq, knowsProbes: false }
    let session: Session = { ...start, phase: 'live', hello: heard, phaseEndsAtMs: null }
    let now = 0
    const beat = (gapMs: number) => {
      now += gapMs
      const [next, actions] = stepSession(session, frame(heartbeat), at(now))
      session = next
      return actions.at(-1)
    }
    for (let i = 0; i < 5_000; i++) expect(beat(20)?.do).toBe('note')
    const flood = Array.from({ length: 500 }, () => beat(0))
    expect(flood.find((action) => action?.do === 'close')).toMatchObject({ code: CloseCode.tryLater })
  })

  it('a reason too long or not printable is cut to what a close frame holds', () => {
    const close = closeOf([{ kind: 'frame', frame: { malformed: `${'é'.repeat(300)}`, unknownKind: false } }])
    expect(close).toMatchObject({ reason: expect.stringMatching(/^[\x20-\x7e]{123}$/) })
  })
})

describe('silence', () => {
  const silentFor = (script: readonly SessionEvent[], ms: number) =>
    stepSession(play(script).session, { kind: 'tick' }, at(script.length * 10 + ms))[1]

  it('of 45 s ends a session, 44 s does not', () => {
    expect(silentFor(opening, 44_999)).toEqual([])
    expect(silentFor(opening, 45_000)).toMatchObject([{ do: 'close', reason: 'nothing heard for 45 s' }])
  })

  it('instead of a hello, and of the snapshot, has less patience', () => {
    expect(silentFor([], 10_000)).toMatchObject([{ do: 'close', reason: 'no hello in time' }])
    expect(silentFor([frame(hello), admitted, frame(heartbeat)], 45_000)).toMatchObject([
      { do: 'close', reason: 'no synced in time' },
    ])
  })

  it("while the database is slow to admit is not the agent's fault", () => {
    expect(silentFor([frame(hello)], 60_000)).toEqual([])
  })
})

describe('a drain', () => {
  it('says goaway once, goes on, and closes at its deadline', () => {
    const drain: SessionEvent = { kind: 'drain', reason: 'stopping', reconnectWithinMs: 2_000 }
    const { session, actions } = play([...opening, drain, drain, frame(events('e1', 3))])
    expect(actions.filter((action) => action.do === 'send' && action.frame.kind === 'goaway')).toHaveLength(1)
    expect(actions.at(-1)).toMatchObject({ do: 'ingest' })
    expect(stepSession(session, { kind: 'tick' }, at(2_000))[1]).toMatchObject([
      { do: 'close', code: CloseCode.restart },
    ])
  })
})

describe('whatever happens', () => {
  const anything = fc.constantFrom<SessionEvent>(
    frame(hello),
    frame(heartbeat),
    frame(snapshot),
    frame(synced),
    frame(events('e1', 1)),
    frame(events('e1', 3, 4)),
    { kind: 'frame', frame: { malformed: 'x', unknownKind: false } },
    admitted,
    { kind: 'refused', code: CloseCode.unauthorised, reason: 'no' },
    { kind: 'held', epoch: 'e1', seq: 4 },
    { kind: 'hole', epoch: 'e1', afterSeq: 0 },
    { kind: 'drain', reason: 'stopping', reconnectWithinMs: 1 },
    { kind: 'tick' },
  )
  it('a session closes at most once and says nothing afterwards; nothing is ingested before synced', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 30 }), (script) => {
        const { actions } = play(script)
        const kinds = actions.map((action) => action.do)
        const closed = kinds.indexOf('close')
        if (closed >= 0) expect(closed).toBe(kinds.length - 1)
        const ingested = kinds.indexOf('ingest')
        if (ingested >= 0) expect(kinds.indexOf('synced')).toBeLessThan(ingested)
        if (ingested >= 0) expect(kinds).toContain('synced')
      }),
      { numRuns: 2_000 },
    )
  })
})

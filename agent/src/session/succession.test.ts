import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { ServerFrame } from '@aloft/shared/protocol/frames'
import { beforeEach, describe, expect, it } from 'vitest'
import { initialSession } from './machine.ts'
import type { SessionAction, SessionEvent } from './state.ts'
import {
  initialSuccession,
  nextDeadlineMs,
  type OwnedAction,
  type Succession,
  stepSuccession,
} from './succession.ts'

const config = { agentId: 'a', node: 'n', software: 's', bootId: 'b', runId: 'r' }
let at: Succession
let now = 0
let lastSeq = 0

function feed(to: number | 'all', event: SessionEvent): readonly OwnedAction[] {
  const [next, actions] = stepSuccession(config, at, { to, event }, { nowMs: now, wallMs: now, random: 0.5 })
  at = next
  return actions
}
const hear = (to: number, frame: ServerFrame) => feed(to, { kind: 'frame', frame })
const closed = (to: number, code: number) =>
  feed(to, { kind: 'closed', code, reason: 'r', retryAfterMs: null })
const challenge = { kind: 'challenge', nonce: 'n', protocolVersion: 1 } as const
const welcome = (resumeAfterSeq: number) =>
  ({ kind: 'welcome', sessionId: 's', resumeAfterSeq, heartbeatMs: 15_000, spreadMs: 2_000 }) as const

function wait(ms: number): readonly OwnedAction[] {
  const until = now + ms
  const actions: OwnedAction[] = []
  for (let due = nextDeadlineMs(at); due !== null && due <= until; due = nextDeadlineMs(at)) {
    now = Math.max(now, due)
    actions.push(...feed('all', { kind: 'tick' }))
  }
  now = until
  return actions
}

function spool(count: number): readonly OwnedAction[] {
  lastSeq += count
  return feed('all', { kind: 'spooled', range: { epoch: 'e', firstSeq: 1, lastSeq } })
}

/** Answers the read among `actions`, and gives the seqs that went out. */
function send(actions: readonly OwnedAction[]): readonly number[] {
  const read = actions.find(({ action }) => action.do === 'read')
  if (read?.action.do !== 'read') return []
  const { afterSeq, countMax } = read.action
  const events = Array.from({ length: countMax }, (_, i) => ({
    seq: afterSeq + 1 + i,
    at: { wallMs: 0, monoMs: 0, bootId: 'b' },
    body: { kind: 'link' as const, interface: 'eth0', up: true },
  }))
  feed(read.of, { kind: 'read', epoch: 'e', afterSeq, events, unreadable: null })
  return events.map(({ seq }) => seq)
}

const of = (actions: readonly OwnedAction[], kind: SessionAction['do']) =>
  actions.filter(({ action }) => action.do === kind).map((owned) => owned.of)

function open(id: number, resumeAfterSeq: number): readonly OwnedAction[] {
  feed(id, { kind: 'opened' })
  hear(id, challenge)
  const greeted = hear(id, welcome(resumeAfterSeq))
  feed(id, { kind: 'snapshot', asOfSeq: lastSeq, routers: [] })
  return greeted
}

/** Session 1 is live and idle; it was told to go, and session 2 is dialled. */
beforeEach(() => {
  at = initialSuccession(initialSession({ epoch: 'e', firstSeq: 1, lastSeq: 0 }, 0))
  now = 0
  lastSeq = 0
  feed('all', { kind: 'start' })
  open(1, 0)
  wait(1_000)
  hear(1, { kind: 'goaway', reason: 'deploy', reconnectWithinMs: 4_000 })
  expect(of(wait(2_000), 'dial')).toEqual([2])
})

describe('after a goaway', () => {
  it('the old session goes on until the welcome of the new one, and ends with it', () => {
    expect(send(spool(2))).toEqual([1, 2])
    hear(1, { kind: 'ack', epoch: 'e', seq: 2 })
    feed(2, { kind: 'opened' })
    expect(of(hear(2, challenge), 'hello')).toEqual([2])
    const then = hear(2, welcome(2))
    expect(then).toContainEqual({
      of: 1,
      action: { do: 'close', code: CloseCode.drain, reason: 'its successor goes on' },
    })
    feed(2, { kind: 'snapshot', asOfSeq: 2, routers: [] })
    expect(send(spool(1))).toEqual([3])
    expect([at.current.id, at.successor]).toEqual([2, null])
    // Of a session that is gone whatever comes is nobody's.
    expect(closed(1, CloseCode.drain)).toEqual([])
    expect([at.current.id, at.current.state.phase.name]).toEqual([2, 'live'])
  })

  it('the hello waits for the ack of what is in flight, so that nothing is sent twice', () => {
    send(spool(2))
    feed(2, { kind: 'opened' })
    expect(of(hear(2, challenge), 'hello')).toEqual([])
    expect(of(hear(1, { kind: 'ack', epoch: 'e', seq: 2 }), 'hello')).toEqual([2])
  })

  it('the hello waits for a read under way, too, and for the ack of what that brings', () => {
    const reading = spool(2)
    feed(2, { kind: 'opened' })
    expect(of(hear(2, challenge), 'hello')).toEqual([])
    expect(send(reading)).toEqual([1, 2])
    expect(of(hear(1, { kind: 'ack', epoch: 'e', seq: 2 }), 'hello')).toEqual([2])
  })

  it('the hello that waits goes out at once when the old session ends', () => {
    send(spool(2))
    feed(2, { kind: 'opened' })
    expect(of(hear(2, challenge), 'hello')).toEqual([])
    expect(of(closed(1, CloseCode.restart), 'hello')).toEqual([2])
    expect(at.current.id).toBe(2)
  })

  it('the hello waits no longer than a second', () => {
    send(spool(2))
    feed(2, { kind: 'opened' })
    hear(2, challenge)
    expect(of(wait(999), 'hello')).toEqual([])
    expect(of(wait(1), 'hello')).toEqual([2])
  })

  it('no event goes out between the hello and its answer', () => {
    feed(2, { kind: 'opened' })
    hear(2, challenge)
    expect(of([...spool(5), ...wait(5_000)], 'read')).toEqual([])
    hear(2, welcome(0))
    expect(send(feed(2, { kind: 'snapshot', asOfSeq: 5, routers: [] }))).toEqual([1, 2, 3, 4, 5])
  })

  it('the old session says what waits when the new one is refused, which is tried again', () => {
    feed(2, { kind: 'opened' })
    hear(2, challenge)
    spool(2)
    expect(send(closed(2, CloseCode.tryLater))).toEqual([1, 2])
    expect(at.current.id).toBe(1)
    expect(at.current.state.phase, 'it is to go all the same').toMatchObject({ leaving: true })
    expect(of(wait(1_000), 'dial')).toEqual([2])
  })

  it('the old session is used to its end when the new one cannot be opened', () => {
    expect(of(closed(2, 1006), 'close')).toEqual([])
    expect(send(spool(1))).toEqual([1])
    closed(1, CloseCode.restart)
    expect(at.current.id).toBe(2)
    expect(of(wait(1_000), 'dial')).toEqual([2])
  })

  it('the old session ends too when nobody knows what became of the hello', () => {
    feed(2, { kind: 'opened' })
    hear(2, challenge)
    expect(of(closed(2, 1006), 'close')).toEqual([1])
    expect([at.current.id, at.current.state.phase.name]).toEqual([2, 'waiting'])
    expect(of(wait(2_000), 'dial')).toEqual([2])
  })

  it('the end of the old session does not stop the new one, superseded or not', () => {
    feed(2, { kind: 'opened' })
    hear(2, challenge)
    closed(1, CloseCode.superseded)
    hear(2, welcome(0))
    expect([at.current.id, at.current.state.phase.name]).toEqual([2, 'live'])
  })

  it('a stop ends both', () => {
    feed(2, { kind: 'opened' })
    expect(of(feed('all', { kind: 'stop' }), 'close')).toEqual([1, 2])
    expect(wait(1e7)).toEqual([])
  })
})

it('a better way that is none is tried once, and the session goes on', () => {
  open(2, 0)
  expect(of(feed('all', { kind: 'leave' }), 'dial')).toEqual([3])
  expect(of(feed('all', { kind: 'leave' }), 'dial')).toEqual([])
  closed(3, 1006)
  expect([at.current.id, at.successor]).toEqual([2, null])
  expect(of(wait(20_000), 'dial')).toEqual([])
  expect(of(feed('all', { kind: 'leave' }), 'dial')).toEqual([4])
})

it('a goaway while a better way is tried opens no third session', () => {
  open(2, 0)
  expect(of(feed('all', { kind: 'leave' }), 'dial')).toEqual([3])
  hear(2, { kind: 'goaway', reason: 'deploy', reconnectWithinMs: 4_000 })
  expect(of(wait(4_000), 'dial')).toEqual([])
  expect(at.successor?.id).toBe(3)
})

it('a session knows what the one it follows has learnt', () => {
  at = initialSuccession(initialSession({ epoch: 'e', firstSeq: 1, lastSeq: 0 }, 0))
  now = 0
  feed('all', { kind: 'start' })
  // The frames were too big for something on the way, and the router answers.
  closed(1, CloseCode.tooBig)
  feed('all', { kind: 'router', alive: true })
  expect(of(wait(1_000), 'dial')).toEqual([1])
  open(1, 0)
  hear(1, { kind: 'goaway', reason: 'deploy', reconnectWithinMs: 4_000 })
  expect(of(wait(2_000), 'dial')).toEqual([2])
  const { retry, frameBytesMax, routerAlive } = at.current.state
  expect([retry.failures, retry.spreadMs, frameBytesMax, routerAlive]).toEqual([1, 2_000, 128 * 1024, true])
  expect(at.successor?.state).toMatchObject({ retry, frameBytesMax, routerAlive })
})

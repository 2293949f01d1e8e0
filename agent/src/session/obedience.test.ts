import type { Command } from '@aloft/shared/protocol/commands'
import type { ServerFrame } from '@aloft/shared/protocol/frames'
import { beforeEach, describe, expect, it } from 'vitest'
import { initialSession } from './machine.ts'
import { SessionUnderTest } from './session-under-test.test.support.ts'
import type { SessionAction, SessionEvent } from './state.ts'

/** Our wall clock is an hour ahead of the centre's. */
const AHEAD_MS = 3_600_000
const WALL_MINUS_MONO = 1_000_000 + AHEAD_MS

let session: SessionUnderTest
beforeEach(() => {
  session = new SessionUnderTest(initialSession({ epoch: 'e1', firstSeq: 1, lastSeq: 0 }, 0), WALL_MINUS_MONO)
  feed({ kind: 'start' })
  feed({ kind: 'opened' })
  hear({ kind: 'challenge', nonce: 'n', protocolVersion: 1 })
  hear({ kind: 'welcome', sessionId: 's', resumeAfterSeq: 0, heartbeatMs: 15_000, spreadMs: 0 })
  feed({ kind: 'snapshot', asOfSeq: 0, routers: [] })
})

const feed = (event: SessionEvent) => session.feed(event)
const hear = (frame: ServerFrame) => session.hear(frame)
/** The centre's clock at our monotonic `ms`. */
const centreMs = (ms: number) => 1_000_000 + ms
const command = (expiresAtMs: number, id = 'c1'): Command => ({
  kind: 'command',
  id,
  command: 'report',
  expiresAtWallMs: centreMs(expiresAtMs),
})

/** The first heartbeat went out at 0; its pong comes back after `roundTripMs`. */
function pong(roundTripMs: number): readonly SessionAction[] {
  session.now += roundTripMs
  const middle = centreMs(session.now - roundTripMs / 2)
  return hear({
    kind: 'pong',
    agentSentWallMs: WALL_MINUS_MONO,
    receivedWallMs: middle,
    sentWallMs: middle,
  })
}

describe('a command of the centre', () => {
  it('waits until the difference of the clocks is known, and is done then', () => {
    expect(hear(command(60_000))).toEqual([])
    expect(pong(20)).toEqual([{ do: 'obey', command: command(60_000) }])
    expect(pong(20)).toEqual([])
  })

  it('is done at once when the clocks are known, by the centre’s clock and not by ours', () => {
    pong(20)
    expect(hear(command(60_000))).toEqual([{ do: 'obey', command: command(60_000) }])
  })

  it('that comes after its deadline is answered and not done', () => {
    pong(20)
    session.now = 5_000
    expect(hear(command(4_999))).toEqual([
      {
        do: 'send',
        frame: { kind: 'command-result', id: 'c1', outcome: 'expired', detail: 'it came after its deadline' },
      },
    ])
  })

  it('is not done when the deadline may have passed, as far as the clocks are known', () => {
    // Half of the round trip is how wrong the offset may be.
    pong(200)
    expect(hear(command(session.now + 100))).toMatchObject([{ do: 'send', frame: { outcome: 'expired' } }])
    expect(hear(command(session.now + 101))).toMatchObject([{ do: 'obey' }])
  })

  it('whose deadline passes while it waits is not done', () => {
    hear(command(500))
    expect(pong(1_000)).toMatchObject([{ do: 'send', frame: { id: 'c1', outcome: 'expired' } }])
  })

  it('that comes twice while it waits is done once', () => {
    hear(command(60_000))
    hear(command(60_000))
    expect(pong(20)).toHaveLength(1)
  })

  it('beyond what anybody gives is answered and not kept', () => {
    for (let i = 0; i < 32; i++) expect(hear(command(60_000, `c${i}`))).toEqual([])
    expect(hear(command(60_000, 'more'))).toMatchObject([
      { do: 'send', frame: { id: 'more', outcome: 'failed' } },
    ])
    expect(pong(20)).toHaveLength(32)
  })

  it('is forgotten with its session: the next one is sent it again', () => {
    hear(command(60_000))
    feed({ kind: 'closed', code: 1006, reason: '', retryAfterMs: null })
    expect(
      feed({ kind: 'obeyed', result: { kind: 'command-result', id: 'c1', outcome: 'done', detail: '' } }),
    ).toEqual([])
  })

  it('is answered in the session there is when it was done', () => {
    const result = { kind: 'command-result', id: 'c1', outcome: 'done', detail: 'fine' } as const
    expect(feed({ kind: 'obeyed', result })).toEqual([{ do: 'send', frame: result }])
  })

  it('before the welcome breaks the protocol', () => {
    session.state = initialSession({ epoch: 'e1', firstSeq: 1, lastSeq: 0 }, 0)
    feed({ kind: 'start' })
    feed({ kind: 'opened' })
    expect(hear(command(60_000))).toMatchObject([{ do: 'close', code: 1002 }])
  })
})

/** What the centre's machine makes of credentials, trials of keys, and sessions that another host took over. */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { AgentFrame, Hello } from '@aloft/shared/protocol/frames'
import type { Credential } from '@aloft/shared/protocol/identity'
import { describe, expect, it } from 'vitest'
import { openSession, SESSION_LIMITS, type SessionAction, type SessionEvent, stepSession } from './machine.ts'

const hello: Hello = {
  ...{ kind: 'hello', protocolVersion: 1, agentId: 'a1', signature: 's', node: 'lb1', software: 'test' },
  ...{ bootId: 'b1', runId: 'r1', epoch: 'e1', firstSeq: 1, lastSeq: 0, wallMs: 0, centreNonce: 'mine' },
} as Hello
const credential: Credential = {
  ...{ serial: 's', agentId: 'a1', publicKey: 'k', issuer: 'c', signature: 'x' },
  ...{ issuedMs: 0, expiresMs: 1 },
}
const admitted: SessionEvent = {
  ...{ kind: 'admitted', sessionId: 's1', resumeAfterSeq: 0, spreadMs: 2_000, trial: false },
  greeting: { proof: 'p', credential, rotateKey: true },
} as SessionEvent
const frame = (value: AgentFrame): SessionEvent => ({ kind: 'frame', frame: value })
const live = [
  frame(hello),
  admitted,
  frame({ kind: 'snapshot', asOfSeq: 0, routers: [] }),
  frame({ kind: 'synced' }),
]
const superseded: SessionEvent = { kind: 'superseded', probe: 'there?' }

/** Plays events at 0 ms, and `later` ones at their time; gives what was done by the last of them. */
function play(script: readonly SessionEvent[], ...later: readonly (readonly [atMs: number, SessionEvent])[]) {
  let [session, actions] = openSession('nonce', SESSION_LIMITS, { monoMs: 0, wallMs: 0 })
  const timed = [...script.map((event) => [0, event] as const), ...later]
  for (const [atMs, event] of timed)
    [session, actions] = stepSession(session, event, { monoMs: atMs, wallMs: atMs })
  return { session, actions }
}

const closeOf = (actions: readonly SessionAction[]) => actions.find((action) => action.do === 'close')
const tick: SessionEvent = { kind: 'tick' }

describe('the centre', () => {
  it('says who it is in its challenge, where it has a key', () => {
    const name = { key: 'k', endorsements: [] }
    const [, actions] = openSession('nonce', SESSION_LIMITS, { monoMs: 0, wallMs: 0 }, name)
    expect(actions).toEqual([
      { do: 'send', frame: { kind: 'challenge', nonce: 'nonce', protocolVersion: 1, centre: name } },
    ])
  })

  it('hands on in its welcome what the admission was due', () => {
    expect(play([frame(hello), admitted]).actions).toEqual([
      {
        do: 'send',
        frame: {
          ...{ kind: 'welcome', sessionId: 's1', resumeAfterSeq: 0, heartbeatMs: 15_000, spreadMs: 2_000 },
          ...{ proof: 'p', credential, rotateKey: true },
        },
      },
    ])
  })

  it('welcomes a key that was tried, and ends it there', () => {
    const { actions, session } = play([frame(hello), { ...admitted, trial: true } as SessionEvent])
    expect(actions.map(({ do: what }) => what)).toEqual(['send', 'close'])
    expect(closeOf(actions)).toMatchObject({ code: CloseCode.normal })
    expect(session.phase).toBe('closed')
  })

  it('renews on request, in a session and not before', () => {
    const renew = frame({ kind: 'renew', candidate: null })
    expect(play([...live, renew]).actions).toEqual([{ do: 'renew', candidate: null }])
    expect(closeOf(play([renew]).actions)).toMatchObject({ code: CloseCode.protocolError })
    expect(
      play([...live, { kind: 'credential', credential, candidate: true, rotateKey: false }]).actions,
    ).toEqual([{ do: 'send', frame: { kind: 'credential', credential, candidate: true } }])
  })
})

describe('a session that was superseded', () => {
  it('by the same host ends at once', () => {
    const { actions } = play([...live, { kind: 'superseded', probe: null }])
    expect(closeOf(actions)).toMatchObject({ code: CloseCode.superseded })
  })

  it('by another host is asked whether it is still there, before it ends', () => {
    expect(play([...live, superseded]).actions).toEqual([
      { do: 'send', frame: { kind: 'probe', nonce: 'there?' } },
    ])
  })

  it('ends when no answer comes in time: that host is gone', () => {
    const { probeMs } = SESSION_LIMITS
    expect(play([...live, superseded], [probeMs - 1, tick]).actions).toEqual([])
    expect(closeOf(play([...live, superseded], [probeMs, tick]).actions)).toMatchObject({
      code: CloseCode.superseded,
    })
  })

  it('that answers is a rival, once', () => {
    const alive = frame({ kind: 'alive', nonce: 'there?' })
    expect(play([...live, superseded], [10, alive]).actions).toEqual([{ do: 'rival' }])
    expect(play([...live, superseded], [10, alive], [11, alive]).actions).toEqual([])
  })

  it('is no rival for frames that were on their way, or an answer to another question', () => {
    const late: readonly AgentFrame[] = [
      { kind: 'alive', nonce: 'another' },
      { kind: 'heartbeat', sentWallMs: 0, spoolBacklog: 0, routerAlive: true, clock: null },
      { kind: 'snapshot', asOfSeq: 0, routers: [] },
      {
        kind: 'events',
        epoch: 'e1',
        events: [
          {
            seq: 1,
            at: { wallMs: 0, monoMs: 0, bootId: 'b1' },
            body: { kind: 'link', interface: 'eth0', up: true },
          },
        ],
      },
    ]
    for (const one of late)
      expect(play([...live, superseded], [10, frame(one)]).actions, one.kind).toEqual([])
  })

  it('is asked once, however often it is superseded', () => {
    expect(play([...live, superseded], [10, { kind: 'superseded', probe: 'again?' }]).actions).toEqual([])
  })

  it('ends at once when its agent knows no probes', () => {
    const { centreNonce: _, ...old } = hello
    const { actions } = play([frame(old as Hello), ...live.slice(1), superseded])
    expect(closeOf(actions)).toMatchObject({ code: CloseCode.superseded })
  })

  it('may not say that it is alive unasked', () => {
    expect(closeOf(play([...live, frame({ kind: 'alive', nonce: 'x' })]).actions)).toMatchObject({
      code: CloseCode.protocolError,
    })
  })
})

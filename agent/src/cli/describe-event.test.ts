import type { Event } from '@aloft/shared/api/schemas'
import { expect, it } from 'vitest'
import { describeEvent } from './describe-event.ts'

const router = { virtualRouter: 'web', vrid: 51, family: 'ipv4', interface: 'eth0' } as const
const transition: Omit<Extract<Event['body'], { kind: 'transition' }>, 'outageMs'> = {
  kind: 'transition',
  ...router,
  from: 'backup',
  to: 'active',
  reason: 'no-response',
  priority: 100,
  heard: null,
  addresses: ['192.0.2.100'],
}

const bodies: readonly (readonly [Event['body'], string])[] = [
  [{ ...transition, outageMs: 361.2 }, 'web (vrid 51) backup → active on eth0: no-response, outage 361ms'],
  [{ ...transition, outageMs: null }, 'web (vrid 51) backup → active on eth0: no-response'],
  [
    { kind: 'resumed', ...router, role: 'active', priority: 100, gapMs: 42 },
    'web (vrid 51) resumed as active after 42ms',
  ],
  [
    { kind: 'process', process: 'router', what: 'lost', runId: 'r', detail: 'SIGKILL' },
    'router lost: SIGKILL',
  ],
  [
    {
      kind: 'protocol-error',
      interface: 'eth0',
      vrid: 51,
      reason: 'checksum',
      source: '192.0.2.9',
      count: 3,
      windowMs: 60_000,
    },
    'eth0: advertisement from 192.0.2.9 discarded: checksum, 3 times in 1m',
  ],
  [{ kind: 'link', interface: 'eth0', up: false }, 'eth0 is down'],
  [{ kind: 'config', revision: 'abc', outcome: 'refused', detail: 'no' }, 'config abc refused: no'],
  [
    { kind: 'gap', count: null, cause: 'spool-corrupt', fromWallMs: null, toWallMs: null },
    'unknown number of events lost: spool-corrupt',
  ],
]

function eventOf(body: Event['body'], late = false): Event {
  return {
    ...{ id: 'i', agentId: 'a', site: 'vienna', node: 'lb1', epoch: 'e', seq: 1, body, late },
    ...{
      occurredAt: '2026-11-22T21:00:00.123Z',
      occurredAtErrorMs: 1,
      receivedAt: '2026-11-22T21:00:00.200Z',
    },
    observed: { wallMs: 1, monoMs: 1, bootId: 'b' },
  }
}

it.each(bodies)('%j is told in one line', (body, text) => {
  expect(describeEvent(eventOf(body))).toBe(`2026-11-22 21:00:00.123  vienna/lb1  ${text}`)
})

it('says when an event arrived late, and lets no escape sequence through', () => {
  const text = describeEvent(eventOf({ kind: 'link', interface: 'a\u001b[0m', up: true }, true))
  expect(text).toBe('2026-11-22 21:00:00.123  vienna/lb1  a·[0m is up (arrived late)')
})

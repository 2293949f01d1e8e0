import type { Event } from '@aloft/client/api.generated'
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
  [
    {
      kind: 'bfd',
      session: 'core1',
      interface: null,
      local: null,
      remote: '192.0.2.9',
      from: 'down',
      to: 'up',
      diagnostic: 'none',
      detectionMs: 150,
      activeLost: false,
    },
    'bfd core1 down → up, any → 192.0.2.9 (150ms)',
  ],
  [
    {
      kind: 'bfd',
      session: null,
      interface: 'eth0',
      local: '192.0.2.1',
      remote: '192.0.2.9',
      from: 'up',
      to: 'down',
      diagnostic: 'detection-time-expired',
      detectionMs: 150,
      activeLost: true,
    },
    'bfd with 192.0.2.9 on eth0 up → down: detection-time-expired (150ms); the active is lost',
  ],
  [
    {
      kind: 'false-alarm',
      interface: 'eth0',
      remote: '192.0.2.9',
      virtualRouters: 2,
      heardAfterMs: 40,
      twoActivesMs: 20,
      distrustedMs: 30_000,
    },
    '192.0.2.9 on eth0 was not lost: heard 40ms later; two actives for 20ms (virtual routers: 2); its session is not believed for 30s',
  ],
  [
    { kind: 'priority', ...router, role: 'active', from: 200, to: 150, why: 'script haproxy 0 → -50' },
    'web (vrid 51) priority 200 → 150 as active: script haproxy 0 → -50',
  ],
  [
    {
      ...{ kind: 'tracker', tracker: 'script', name: 'haproxy', state: 'down', value: null },
      ...{ why: 'exit status 1, 3 times in a row', output: null },
    },
    'script haproxy is down: exit status 1, 3 times in a row',
  ],
  [{ kind: 'config', revision: 'abc', outcome: 'refused', detail: 'no' }, 'config abc refused: no'],
  [
    {
      ...{ kind: 'lan', ...router, finding: 'duplicate-address', source: '02:00:00:00:00:09' },
      ...{ evidence: { address: '192.0.2.100' }, count: 3, windowMs: 60_000 },
    },
    'eth0: web (vrid 51) 02:00:00:00:00:09 answers for an address that we hold (address 192.0.2.100), 3 times in 1m',
  ],
  [
    {
      ...{ kind: 'lan', ...router, virtualRouter: null, finding: 'foreign-router', source: '192.0.2.9' },
      ...{ evidence: {}, count: 1, windowMs: 0 },
    },
    'eth0: vrid 51 192.0.2.9 advertises a VRID that is none of ours',
  ],
  [
    {
      kind: 'notification-failed',
      channel: 'script /x',
      about: 'INSTANCE web MASTER',
      detail: 'no',
      count: 2,
    },
    'could not notify script /x about INSTANCE web MASTER (2 times): no',
  ],
  [
    { kind: 'stall', lateMs: 4_500, virtualRouters: 2 },
    'stalled: 4.5s late, longer than the peers of 2 virtual routers wait',
  ],
  [
    {
      ...{ kind: 'holding-lost', ...router, items: ['192.0.2.100/24 dev eth0'], count: 1, byPort: 4711 },
      ...{ cause: 'removed', response: 'mended', windowMs: 0 },
    },
    'web lost 192.0.2.100/24 dev eth0: removed by netlink port 4711; mended',
  ],
  [
    {
      ...{
        kind: 'holding-refused',
        virtualRouter: null,
        vrid: null,
        family: null,
        interface: null,
        of: 'route',
      },
      ...{ what: '198.51.100.0/24', error: 'ENETUNREACH', remedy: 'bring it up', count: 3, windowMs: 60_000 },
    },
    'route 198.51.100.0/24 of the node (3 in 1m): ENETUNREACH (bring it up)',
  ],
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

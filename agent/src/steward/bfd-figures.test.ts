import { expect, it } from 'vitest'
import type { BfdSessionStatus } from '../router/loop/bfd-status.ts'
import { bfdFigures } from './bfd-figures.ts'

it('a session is told by name, or as one that pairs, with whom and over what', () => {
  const session: BfdSessionStatus = {
    name: null,
    interface: 'eth0',
    local: '192.0.2.2',
    remote: '192.0.2.1',
    hops: 'single-hop',
    state: 'up',
    remoteState: 'up',
    diagnostic: 'none',
    sinceWallMs: 0,
    passive: false,
    transmitMs: 50,
    detectionMs: 150,
    falseAlarms: 0,
    distrustedMs: 0,
    counters: { sent: 7, sendErrors: 0, received: 6, lost: 2 },
  }
  const figures = bfdFigures({ sessions: [session], discarded: { ttl: 3 }, deaf: {}, falseAlarms: 1 })
  const labels = { session: 'pairing', remote: '192.0.2.1', interface: 'eth0' }
  expect(figures.map(({ name, samples }) => [name, samples])).toEqual([
    ['aloft_bfd_session_up', [{ labels, value: 1 }]],
    ['aloft_bfd_packets_sent_total', [{ labels, value: 7 }]],
    ['aloft_bfd_packets_received_total', [{ labels, value: 6 }]],
    ['aloft_bfd_session_lost_total', [{ labels, value: 2 }]],
    ['aloft_bfd_discards_total', [{ labels: { reason: 'ttl' }, value: 3 }]],
    ['aloft_bfd_false_alarms_total', [{ labels: {}, value: 1 }]],
  ])
  expect(bfdFigures(undefined)).toEqual([])
})

import { describe, expect, it } from 'vitest'
import type { BfdSessionStatus, BfdStatus } from '../router/loop/bfd-status.ts'
import { bfdLines } from './bfd-text.ts'

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
  counters: { sent: 1, sendErrors: 0, received: 1, lost: 0 },
}
const status = (more: Partial<BfdStatus>): BfdStatus => ({
  sessions: [],
  discarded: {},
  deaf: {},
  falseAlarms: 0,
  ...more,
})
const lines = (more: Partial<BfdStatus>) => bfdLines(status(more), () => '5s')

describe('aloft status, of BFD', () => {
  it('says nothing where there is nothing', () => {
    expect(bfdLines(undefined, String)).toEqual([])
    expect(lines({})).toEqual([])
  })

  it('tells of a session, how it is timed, and since when', () => {
    expect(lines({ sessions: [session] })).toEqual([
      'bfd ● pairing with 192.0.2.1 on eth0: up for 5s, every 50ms, lost after 150ms',
    ])
  })

  it('tells why a session is down, and which are not believed', () => {
    const down = { ...session, name: 'core1', interface: null, state: 'down' } as const
    const lost = { ...down, diagnostic: 'detection-time-expired', distrustedMs: 30_000 } as const
    expect(lines({ sessions: [lost] })).toEqual([
      'bfd ○ core1 with 192.0.2.1: down for 5s (detection-time-expired); not believed for 30s after a false alarm',
    ])
  })

  it('tells where it is deaf, and of false alarms', () => {
    expect(lines({ deaf: { 'single-hop ipv4': 'in use' }, falseAlarms: 2 })).toEqual([
      '✕ no BFD is heard (single-hop ipv4): in use',
      '! BFD took a living active for lost: 2 times',
    ])
  })
})

import { expect, test } from 'vitest'
import type { RouterStatus } from '../router/contract.ts'
import type { FaultName } from '../router/loop/status.ts'
import { type LocalStatus, statusText } from './status-text.ts'

const NOW = 1_700_000_000_000

const counters = {
  advertisementsSent: 1,
  advertisementsReceived: 1,
  sendErrors: 0,
  becameActive: 1,
  checksumWithPseudoHeader: 0,
  checksumMessageOnly: 0,
  firstAddressNotLinkLocal: 0,
}
const web: RouterStatus['virtualRouters'][number] = {
  virtualRouter: 'web',
  vrid: 51,
  family: 'ipv4',
  interface: 'eth0',
  version: 3,
  role: 'active',
  sinceWallMs: NOW - 3_700_000,
  priority: 200,
  advertisementIntervalMs: 100,
  addresses: ['192.0.2.100', '192.0.2.101'],
  active: { address: '192.0.2.1', priority: 200 },
  counters,
}
const router: RouterStatus = {
  runId: 'abc',
  pid: 12,
  startedWallMs: NOW - 90_000,
  revision: 'cafe',
  realtime: { policy: 'fifo', detail: 'priority 20', spinLimitMs: 1_000 },
  lateness: { maxMs: 12.4, lastMinuteMaxMs: 0.25, p99Ms: 0.1 },
  stalls: { count: 0, longestMs: 0 },
  journal: { waiting: 0, lost: 0, error: null },
  inputErrors: 0,
  holdingFailures: [],
  virtualRouters: [
    web,
    {
      ...web,
      virtualRouter: 'mail-in',
      vrid: 7,
      version: 2,
      role: 'backup',
      priority: 100,
      addresses: ['192.0.2.102'],
      active: { address: '192.0.2.2', priority: 150 },
    },
    { ...web, virtualRouter: 'lost', role: 'fault', active: null, addresses: ['192.0.2.103'] },
  ],
  findings: [
    {
      ...{ finding: 'duplicate-address', interface: 'eth0', virtualRouter: 'web', vrid: 51 },
      ...{ source: '02:00:00:00:00:09', count: 2 },
    },
    {
      finding: 'foreign-router',
      interface: 'eth0',
      virtualRouter: null,
      vrid: 7,
      source: '192.0.2.9',
      count: 1,
    },
  ],
  discards: [{ interface: 'eth0', reason: 'checksum', count: 3 }],
}
const status: LocalStatus = {
  agent: {
    node: 'lb1',
    pid: 11,
    runId: 'def',
    startedWallMs: NOW - 90_000,
    config: { file: '/etc/aloft.yaml', revision: 'cafe', refused: null },
  },
  router,
  trackers: [],
  uplink: null,
  spool: null,
  notifications: null,
}

test('the whole picture', () => {
  expect(statusText(status, NOW)).toBe(`node lb1, steward pid 11, up 1m30s
config /etc/aloft.yaml, revision cafe
router pid 12, up 1m30s, revision cafe
  real-time (SCHED_FIFO), ended if it spins for 1000 ms
  alarms late by at most 0.3 ms in the last minute, 12 ms since the start
uplink: none; this agent reports to no control plane

virtual router  role      prio  since  active           interface  vrid   interval  addresses
web             ● active  200   1h1m   this node        eth0       51/v3  100ms     192.0.2.100 192.0.2.101
mail-in         ○ backup  100   1h1m   192.0.2.2 (150)  eth0       7/v2   100ms     192.0.2.102
lost            ✕ fault   200   1h1m   unknown          eth0       51/v3  100ms     192.0.2.103

! eth0: web 02:00:00:00:00:09 answers for an address that we hold (2 times)
! eth0: vrid 7 192.0.2.9 advertises a VRID that is none of ours (1 times)

discarded on eth0: 3 × checksum
`)
})

test('a fault is explained', () => {
  const text = (reason: FaultName, what: string | null = null) => {
    const inFault = { ...web, role: 'fault' as const, faults: [{ reason, what }] }
    return statusText({ ...status, router: { ...router, virtualRouters: [inFault], findings: [] } }, NOW)
  }
  expect(text('interface-missing')).toContain(
    '\n\n✕ web is in fault: there is no interface eth0; it takes part as soon as there is\n\ndiscarded',
  )
  expect(text('interface-down')).toContain('interface eth0 is down or has no carrier')
  expect(text('no-primary-ip-address')).toContain(
    'interface eth0 has no IPv4 address of its own to speak from',
  )
  expect(text('tracker', 'script haproxy')).toContain('script haproxy has failed')
})

test('the steward away: said, and the router still shown', () => {
  const text = statusText({ ...status, agent: null }, NOW)
  expect(text).toContain('✕ steward: not running; the router goes on without it')
  expect(text).toContain('● active')
})

test('no router: nothing is being elected', () => {
  expect(statusText({ ...status, router: null }, NOW)).toContain(
    'router: not running, nothing is being elected',
  )
})

test('whatever is wrong has a line of its own', () => {
  const text = statusText(
    {
      ...status,
      agent: status.agent && {
        ...status.agent,
        config: { ...status.agent.config, refused: 'aloft.yaml:3:1: bad' },
      },
      router: {
        ...router,
        realtime: { policy: 'other', detail: 'refused (EPERM)', spinLimitMs: null },
        journal: { waiting: 3, lost: 2, error: 'ENOSPC' },
        inputErrors: 4,
        holdingFailures: [
          {
            holder: 'eth0 ipv4 51',
            kind: 'address',
            what: '192.0.2.100/24 dev eth0',
            error: 'EPERM',
            remedy: 'run it as root',
            count: 5,
          },
        ],
      },
    },
    NOW,
  )
  for (const line of [
    '✕ refused as it is now: aloft.yaml:3:1: bad',
    '! not real-time: refused (EPERM)',
    '✕ journal: ENOSPC (3 observations wait, 2 lost)',
    '✕ 4 datagrams made the router fail',
    '✕ address 192.0.2.100/24 dev eth0: EPERM (5 times): run it as root',
  ]) {
    expect(text).toContain(line)
  }
})

test('a device of its own and closed doors are told, and what stands in their way', () => {
  const virtualMac = { device: 'vrrp.51', address: '00:00:5e:00:01:33' }
  const faults = [{ reason: 'virtual-link', what: 'vrrp.51 exists and is no macvlan' }] as const
  const virtualRouters = [
    { ...web, virtualMac, accepts: false as const },
    { ...web, virtualRouter: 'db', role: 'fault' as const, faults },
  ]
  const text = statusText({ ...status, router: { ...router, virtualRouters } }, NOW)
  expect(text).toContain('web is on vrrp.51, 00:00:5e:00:01:33\n')
  expect(text).toContain('web lets no packets in to its addresses (accept: false)\n')
  expect(text).toContain(
    '✕ db is in fault: vrrp.51 exists and is no macvlan; it takes part as soon as that is mended',
  )
})

test('an ipvlan is told, and how to give it an address to speak from', () => {
  const ipvlan = { device: 'vrrp.51', mode: 'private' } as const
  const faults = [{ reason: 'no-primary-ip-address', what: 'eth0' }] as const
  const virtualRouters = [
    { ...web, ipvlan },
    { ...web, virtualRouter: 'db', ipvlan, role: 'fault' as const, faults },
  ]
  const text = statusText({ ...status, router: { ...router, virtualRouters } }, NOW)
  expect(text).toContain('web is on vrrp.51, an ipvlan in private mode\n')
  expect(text).toContain(
    '✕ db is in fault: interface eth0 has no IPv4 address of its own to speak from; write ipvlan: { address: … } to give it one',
  )
})

test('to whom a unicast router speaks, and which peer it leaves out', () => {
  const unicast = { ...web, peers: ['192.0.2.2', '192.0.2.3'], ownPeers: ['192.0.2.1'] }
  const alone = { ...web, virtualRouter: 'alone', peers: [] }
  const text = statusText({ ...status, router: { ...router, virtualRouters: [unicast, alone] } }, NOW)
  expect(text).toContain('web speaks to 192.0.2.2, 192.0.2.3 only; 192.0.2.1 is this host itself')
  expect(text).toContain('alone speaks to nobody')
})

test('what a router holds besides its addresses, and that it has no lease', () => {
  const holding = { ...web, holdsBesides: ['198.51.100.0/24 via 192.0.2.254'], isLeased: false as const }
  const text = statusText({ ...status, router: { ...router, virtualRouters: [holding] } }, NOW)
  expect(text).toContain('web holds while active: 198.51.100.0/24 via 192.0.2.254\n')
  expect(text).toContain('web has no lease: its addresses outlive a killed or frozen agent')
})

test('who could not be told yet is counted', () => {
  const notifications = { scripts: 0, fifo: 3, vrrpFifo: 0, email: 12 }
  expect(statusText({ ...status, notifications }, NOW)).toContain(
    'notifications: 3 events not told to fifo yet, 12 events not told to email yet\n',
  )
})

test.each([
  ['websocket', 'connected', null, '● connected for 1m30s, https://b by WebSocket'],
  ['exchange', 'connected', null, '● connected for 1m30s, https://b by HTTP requests'],
  ['websocket', 'waiting', 'refused', '○ waiting for 1m30s, https://b by WebSocket (refused)'],
  [null, 'connecting', null, '○ connecting for 1m30s, https://b'],
] as const)('the uplink over %s while %s says where and how', (transport, state, detail, line) => {
  const uplink = { url: 'https://b', transport, state, sinceWallMs: NOW - 90_000, detail }
  expect(statusText({ ...status, uplink }, NOW)).toContain(`uplink: ${line}\n`)
})

test('the key it is known by is told by its fingerprint, by a steward that tells it', () => {
  const before = {
    url: 'https://b',
    transport: null,
    state: 'pending',
    sinceWallMs: NOW,
    detail: null,
  } as const
  const uplink = { ...before, keyFingerprint: 'SHA256:abc' }
  expect(statusText({ ...status, uplink }, NOW)).toMatch(/^uplink: .*\n {2}its key there is SHA256:abc$/m)
  expect(statusText({ ...status, uplink: before }, NOW)).not.toContain('its key')
})

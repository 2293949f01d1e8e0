import { afterEach, describe, expect, it } from 'vitest'
import type { RouterStatus } from '../router/contract.ts'
import { agentFigures } from './agent-figures.ts'
import { parseListenAddress, serveMetrics, whyUnready } from './metrics-server.ts'
import type { AgentStatus } from './status-contract.ts'

const router: RouterStatus = {
  runId: 'abc',
  pid: 12,
  startedWallMs: 0,
  revision: 'cafe',
  realtime: { policy: 'other', detail: 'not permitted', spinLimitMs: null },
  lateness: { maxMs: 12.5, lastMinuteMaxMs: 0.25, p99Ms: 0.1 },
  stalls: { count: 2, longestMs: 4_500 },
  journal: { waiting: 0, lost: 0, error: null },
  inputErrors: 2,
  holdingFailures: [],
  findings: [
    { finding: 'interval', interface: 'eth0', virtualRouter: 'web', vrid: 51, source: '192.0.2.8', count: 2 },
    { finding: 'interval', interface: 'eth0', virtualRouter: 'web', vrid: 51, source: '192.0.2.9', count: 5 },
  ],
  discards: [{ interface: 'eth0', reason: 'checksum', count: 3 }],
  virtualRouters: [
    {
      virtualRouter: 'web',
      vrid: 51,
      family: 'ipv4',
      interface: 'eth0',
      version: 3,
      role: 'backup',
      sinceWallMs: 0,
      priority: 100,
      advertisementIntervalMs: 100,
      addresses: [],
      active: null,
      counters: {
        advertisementsSent: 4,
        advertisementsReceived: 5,
        sendErrors: 0,
        becameActive: 1,
        checksumWithPseudoHeader: 5,
        checksumMessageOnly: 0,
        firstAddressNotLinkLocal: 0,
      },
    },
  ],
}
const agent = {
  node: 'lb1',
  pid: 1,
  runId: 'd',
  startedWallMs: 0,
  config: { file: 'f', revision: 'cafe', refused: null },
}
const status: AgentStatus = { agent, router, trackers: [], uplink: null, spool: null, notifications: null }

const figureOf = (
  from: AgentStatus,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined =>
  agentFigures(from)
    .find((figure) => figure.name === name)
    ?.samples.find((sample) =>
      Object.entries(labels).every(([label, text]) => sample.labels?.[label] === text),
    )?.value

describe('the figures', () => {
  it('tell a router that is not real-time', () => {
    expect(figureOf(status, 'aloft_router_realtime')).toBe(0)
    const fifo: RouterStatus = { ...router, realtime: { policy: 'fifo', detail: null, spinLimitMs: 1_000 } }
    expect(figureOf({ ...status, router: fifo }, 'aloft_router_realtime')).toBe(1)
  })

  it('tell the role as one series a role, so that a change leaves none behind', () => {
    expect(figureOf(status, 'aloft_virtual_router_role', { virtual_router: 'web', role: 'backup' })).toBe(1)
    expect(figureOf(status, 'aloft_virtual_router_role', { virtual_router: 'web', role: 'active' })).toBe(0)
  })

  it('count discards by reason, and lateness in seconds', () => {
    expect(figureOf(status, 'aloft_discards_total', { interface: 'eth0', reason: 'checksum' })).toBe(3)
    expect(figureOf(status, 'aloft_router_lateness_max_seconds')).toBe(0.0125)
    expect(figureOf(status, 'aloft_router_stalls_total')).toBe(2)
    expect(figureOf(status, 'aloft_router_longest_stall_seconds')).toBe(4.5)
  })

  it('count findings on the LAN together, whoever they are about', () => {
    const labels = { interface: 'eth0', finding: 'interval', virtual_router: 'web' }
    expect(figureOf(status, 'aloft_lan_findings_total', labels)).toBe(7)
  })

  it('of a router that does not answer are gone, not zero', () => {
    const names = agentFigures({ ...status, router: null }).map(({ name }) => name)
    expect(names).not.toContain('aloft_virtual_router_role')
    expect(figureOf({ ...status, router: null }, 'aloft_router_up')).toBe(0)
  })
})

describe('readiness', () => {
  it('is the router running what the config asks for', () => {
    expect(whyUnready(status)).toBeNull()
    expect(whyUnready({ ...status, router: null })).toBe('the router process does not answer')
    expect(whyUnready({ ...status, router: { ...router, revision: null } })).toBe(
      'the router runs revision null, not cafe',
    )
    const refused = { ...agent, config: { ...agent.config, refused: '1 error' } }
    expect(whyUnready({ ...status, agent: refused })).toBe('the config file is refused: 1 error')
  })
})

describe('the address', () => {
  it.each([
    ['127.0.0.1:9650', { host: '127.0.0.1', port: 9650 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['9650', null],
    ['host:70000', null],
    ['http://host:1', null],
  ])('%s', (text, address) => expect(parseListenAddress(text)).toEqual(address))
})

describe('over http', () => {
  let close = () => {}
  afterEach(() => close())

  it('answers three paths and no other', async () => {
    const server = await serveMetrics({ host: '127.0.0.1', port: 0 }, async () => status)
    close = server.close
    const get = (path: string) =>
      fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { connection: 'close' } })
    const metrics = await get('/metrics')
    expect(metrics.headers.get('content-type')).toContain('version=0.0.4')
    expect(await metrics.text()).toContain('aloft_router_up 1\n')
    expect(
      [await get('/healthz'), await get('/readyz'), await get('/')].map((answer) => answer.status),
    ).toEqual([200, 200, 404])
  })

  it('says why it is not ready, and 503 when the status cannot be read', async () => {
    const server = await serveMetrics({ host: '127.0.0.1', port: 0 }, async () => {
      throw new Error('no')
    })
    close = server.close
    const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`, { headers: { connection: 'close' } })
    expect(answer.status).toBe(503)
  })
})

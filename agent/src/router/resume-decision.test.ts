import { ROUTER_DEFAULTS, type VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { type Prefix, parsePrefix } from '@aloft/shared/network/prefix'
import { expect, test } from 'vitest'
import { decideResume, type ResumeQuestion, type RoleEntry } from './resume-decision.ts'

const vip = prefix('192.0.2.100/24')
const other = prefix('192.0.2.101/24')

const web: VirtualRouterConfig = {
  ...ROUTER_DEFAULTS,
  name: 'web',
  interface: 'eth0',
  vrid: 51,
  family: 'ipv4',
  priority: 200,
  addresses: [vip],
}
const wasActive: RoleEntry = {
  name: 'web',
  interface: 'eth0',
  vrid: 51,
  family: 'ipv4',
  role: 'active',
  addresses: [vip],
}

test('an active router whose process ran a moment ago goes on', () => {
  expect(decideResume(question())).toEqual({ resume: [{ key: 'eth0 ipv4 51', gapMs: 150 }], release: [] })
})

test.each([
  ['just within two intervals', 1_999, true],
  ['two intervals: a peer may be about to take over', 2_000, false],
  ['long ago', 60_000, false],
])('silence decides: %s', (_, gapMs, resumes) => {
  const { resume, release } = decideResume(question({ nowMs: 1_000 + gapMs }))
  expect(resume.length === 1).toBe(resumes)
  expect(release.length === 0).toBe(resumes)
})

test('the advertisement interval of the router is what counts', () => {
  const fast = { ...web, advertisementIntervalMs: 50 }
  expect(decideResume(question({ routers: [fast] })).resume).toEqual([])
})

test('what may not go on is given back, as it was held', () => {
  const left = { runId: 'a', bootId: 'boot', routers: [{ ...wasActive, addresses: [vip, other] }] }
  expect(decideResume(question({ left, nowMs: 9_000 })).release).toEqual([
    { interfaceName: 'eth0', addresses: [vip, other] },
  ])
})

test('a router that is no longer configured gives its addresses back', () => {
  expect(decideResume(question({ routers: [] }))).toEqual({
    resume: [],
    release: [{ interfaceName: 'eth0', addresses: [vip] }],
  })
})

test('an address dropped from the configuration is given back by a router that goes on', () => {
  const left = { runId: 'a', bootId: 'boot', routers: [{ ...wasActive, addresses: [vip, other] }] }
  expect(decideResume(question({ left }))).toEqual({
    resume: [{ key: 'eth0 ipv4 51', gapMs: 150 }],
    release: [{ interfaceName: 'eth0', addresses: [other] }],
  })
})

test('a backup neither goes on as active nor gives anything back', () => {
  const left = { runId: 'a', bootId: 'boot', routers: [{ ...wasActive, role: 'backup' as const }] }
  expect(decideResume(question({ left }))).toEqual({ resume: [], release: [] })
})

test('addresses found on the host though no role was written are given back', () => {
  const held = [{ interfaceName: 'eth0', addresses: [vip] }]
  const left = { runId: 'a', bootId: 'boot', routers: [] }
  expect(decideResume(question({ left, held }))).toEqual({ resume: [], release: held })
})

test('addresses found on the host are kept by the router that goes on with them', () => {
  const held = [{ interfaceName: 'eth0', addresses: [vip] }]
  expect(decideResume(question({ held })).release).toEqual([])
})

test('after a reboot nothing goes on and nothing is there to give back', () => {
  expect(decideResume(question({ bootId: 'another boot' }))).toEqual({ resume: [], release: [] })
})

test.each([
  ['none', null],
  ['of another boot', { runId: 'a', bootId: 'before', atMonoMs: 1_000 }],
  ['of another run than the roles', { runId: 'b', bootId: 'boot', atMonoMs: 1_000 }],
])('a sign of life that does not count: %s', (_, heartbeat) => {
  expect(decideResume(question({ heartbeat })).resume).toEqual([])
})

test('nothing was left: a first start', () => {
  expect(decideResume(question({ left: null, heartbeat: null }))).toEqual({ resume: [], release: [] })
})

function question(changes: Partial<ResumeQuestion> = {}): ResumeQuestion {
  return {
    left: { runId: 'a', bootId: 'boot', routers: [wasActive] },
    heartbeat: { runId: 'a', bootId: 'boot', atMonoMs: 1_000 },
    bootId: 'boot',
    nowMs: 1_150,
    routers: [web],
    held: [],
    ...changes,
  }
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text)
  if (parsed === null) throw new Error(`not a prefix: ${text}`)
  return parsed
}

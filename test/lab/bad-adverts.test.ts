/**
 * What strangers may send: every kind of bad advertisement, as real packets, to a running agent that is active and to
 * one that is backup. Each is counted by its reason, told once as an event, and moves neither.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import type { DiscardTotal } from '../../agent/src/router/loop/counters.ts'
import type { AgentStatus } from '../../agent/src/steward/status-contract.ts'
import { encodeAdvertisement } from '../../agent/src/vrrp/advertisement.ts'
import { type AuthenticationConfig, authenticationOf } from '../../agent/src/vrrp/authentication.ts'
import { vrrpChecksum } from '../../agent/src/vrrp/checksum.ts'
import { type Address, parseAddress } from '../../shared/src/network/address.ts'
import type { DiscardReason, EventBody } from '../../shared/src/protocol/events.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { openRawSender, type RawSender } from './raw-sender.ts'
import { until } from './wait.ts'

const BUNDLE = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const FORGER = address('192.0.2.9')

let lan: Lan
let active: LabAgent
let backup: LabAgent
let forger: RawSender

beforeAll(async () => {
  lan = await createLan(`forger${process.pid}`, [
    { name: 'one', addresses: ['192.0.2.1/24'] },
    { name: 'two', addresses: ['192.0.2.2/24'] },
    { name: 'forger', addresses: [`${FORGER}/24`] },
  ])
  active = startAgent({ namespace: lan.namespaceOf('one'), config: yaml('one', 201) })
  for (const router of ['web', 'old']) await untilRole(active, router, 'active')
  backup = startAgent({ namespace: lan.namespaceOf('two'), config: yaml('two', 200) })
  for (const router of ['web', 'old']) await untilRole(backup, router, 'backup')
  forger = openRawSender(lan.namespaceOf('forger'))
  const hasHeard = () => statusOf(backup).router?.virtualRouters.every((each) => each.active !== null)
  await until(hasHeard, { what: 'the backup to hear the active', withinMs: 10_000 })
})
afterAll(async () => {
  forger.close()
  await Promise.all([active.kill(), backup.kill()])
  await lan.remove()
})

/** Well formed, but for what a case then does to it. Accepted, 254 moves an active and 0 a backup. */
const v3 = (priority: number) => advertisement(3, priority)
const v2 = (priority: number, authentication: AuthenticationConfig = SECRET, intervalMs = 1_000) =>
  advertisement(2, priority, { authentication, intervalMs })
const SECRET: AuthenticationConfig = { type: 'simple', password: 'secret' }

interface Case {
  readonly reason: DiscardReason
  readonly what: string
  readonly vrid: number | null
  readonly bytes: (priority: number) => Uint8Array
  readonly ttl?: number
}

// biome-ignore format: one case a line
const cases: readonly Case[] = [
  { reason: 'truncated', what: 'seven bytes', vrid: 51, bytes: (priority) => v3(priority).subarray(0, 7) },
  { reason: 'version', what: 'version 4', vrid: 51, bytes: (priority) => summed(changed(v3(priority), 0, 0x41)) },
  { reason: 'version', what: 'version 2 to a router of version 3', vrid: 51, bytes: (priority) => summed(changed(v2(priority), 1, 51)) },
  { reason: 'ip-ttl', what: 'TTL 254', vrid: 51, bytes: v3, ttl: 254 },
  { reason: 'checksum', what: 'a wrong checksum', vrid: 51, bytes: (priority) => changed(v3(priority), 7, (v3(priority)[7] ?? 0) ^ 1) },
  { reason: 'zero-interval', what: 'an interval of zero, version 3', vrid: 51, bytes: (priority) => summed(changed(v3(priority), 5, 0)) },
  { reason: 'zero-interval', what: 'an interval of zero, version 2', vrid: 52, bytes: (priority) => summed(changed(v2(priority), 5, 0)) },
  { reason: 'zero-count', what: 'no address', vrid: 51, bytes: (priority) => summed(changed(v3(priority).subarray(0, 8), 3, 0)) },
  { reason: 'packet-length', what: 'an address less than it counts', vrid: 51, bytes: (priority) => summed(changed(v3(priority), 3, 2)) },
  { reason: 'type', what: 'type 2', vrid: 51, bytes: (priority) => summed(changed(v3(priority), 0, 0x32)) },
  { reason: 'authentication-type', what: 'no password where one is asked', vrid: 52, bytes: (priority) => v2(priority, { type: 'none' }) },
  { reason: 'authentication-failure', what: 'a wrong password', vrid: 52, bytes: (priority) => v2(priority, { type: 'simple', password: 'sesame' }) },
  { reason: 'interval-mismatch', what: 'another interval, version 2', vrid: 52, bytes: (priority) => v2(priority, SECRET, 2_000) },
  { reason: 'vrid', what: 'a VRID of nobody here', vrid: 77, bytes: (priority) => summed(changed(v3(priority), 1, 77)) },
  { reason: 'ip-header', what: 'a packet longer than any advertisement', vrid: null, bytes: (priority) => Uint8Array.from({ length: 2_500 }, (_, i) => v3(priority)[i] ?? 0) },
]

describe('an advertisement that is discarded', () => {
  test.each(cases)('$reason: $what', async ({ reason, vrid, bytes, ttl }) => {
    const agents = [active, backup]
    const before = agents.map(statusOf)
    for (const priority of [254, 0]) forger.send(bytes(priority), ttl)
    for (const [i, agent] of agents.entries()) {
      const counted = countOf(before[i], reason) + 2
      const after = await until(() => whenCounted(agent, reason, counted), {
        what: `${counted} × ${reason}; there are ${JSON.stringify(statusOf(agent).router?.discards)}`,
        withinMs: 3_000,
      })
      expect(heldBy(after)).toEqual(heldBy(before[i]))
      const event = { kind: 'protocol-error', interface: 'eth0', vrid, reason, source: FORGER, count: 1 }
      expect(observed(agent)).toContainEqual({ ...event, windowMs: 0 })
    }
  })

  test('the status for people names every reason, and how often', () => {
    for (const agent of [active, backup]) {
      const text = aloftStatus(agent)
      for (const { reason } of cases)
        expect(text).toContain(`discarded on eth0: ${countOf(statusOf(agent), reason)} × ${reason}`)
    }
  })

  test('none of them made anybody change a role, then or later', async () => {
    for (const agent of [active, backup]) {
      const changes = observed(agent).flatMap((body) => (body.kind === 'transition' ? [body] : []))
      const roles = changes.map(({ virtualRouter, to }) => `${virtualRouter} ${to}`).sort()
      expect(roles).toEqual(
        agent === active
          ? ['old active', 'old backup', 'web active', 'web backup']
          : ['old backup', 'web backup'],
      )
    }
  })

  test('what is well formed, from the same sender, does move them: they listened', async () => {
    forger.send(v3(254))
    await until(async () => (await active.role('web')) === 'backup', { what: 'a yield', withinMs: 2_000 })
    // The one that yields has a last word, which a better active answers at once, as this one does now.
    forger.send(v3(254))
    const isFollowed = () => statusOf(backup).router?.virtualRouters[0]?.active?.address === FORGER
    await until(isFollowed, { what: 'the backup to follow the better one', withinMs: 900 })
  })
})

function yaml(node: string, priority: number): string {
  return `node: ${node}
virtualRouters:
  - { name: web, interface: eth0, vrid: 51, priority: ${priority}, addresses: [192.0.2.100/24] }
  - name: old
    interface: eth0
    vrid: 52
    version: 2
    priority: ${priority}
    authentication: { type: simple, password: secret }
    addresses: [192.0.2.101/24]
`
}

function advertisement(
  version: 2 | 3,
  priority: number,
  { authentication = { type: 'none' } as AuthenticationConfig, intervalMs = 1_000 } = {},
): Uint8Array {
  const [vrid, addresses] = version === 3 ? [51, [address('192.0.2.100')]] : [52, [address('192.0.2.101')]]
  return encodeAdvertisement(
    { version, vrid, priority, intervalMs, addresses },
    {
      source: FORGER,
      destination: address('224.0.0.18'),
      authentication: authenticationOf(authentication),
      checksum: 'message-only',
    },
  )
}

function changed(message: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = Uint8Array.from(message)
  copy[offset] = value
  return copy
}

/** With the checksum right again, so that only the change itself is wrong. */
function summed(message: Uint8Array): Uint8Array {
  const checksum = vrrpChecksum(message, null)
  return changed(changed(message, 6, checksum >> 8), 7, checksum & 0xff)
}

function statusOf(agent: LabAgent): AgentStatus {
  return JSON.parse(aloftStatus(agent, '--json'))
}

function aloftStatus(agent: LabAgent, ...options: readonly string[]): string {
  const args = [BUNDLE, 'status', '--state-dir', agent.stateDir, ...options]
  return execFileSync(process.execPath, args, { encoding: 'utf8' })
}

function countOf(status: AgentStatus | undefined, reason: DiscardReason): number {
  const discards: readonly DiscardTotal[] = status?.router?.discards ?? []
  return discards.find((each) => each.reason === reason)?.count ?? 0
}

function whenCounted(agent: LabAgent, reason: DiscardReason, count: number): AgentStatus | null {
  const status = statusOf(agent)
  return countOf(status, reason) === count ? status : null
}

/** What a heard advertisement would change: the role, who is taken for active, and what an active has heard. */
function heldBy(status: AgentStatus | undefined) {
  return status?.router?.virtualRouters.map((each) => ({
    virtualRouter: each.virtualRouter,
    role: each.role,
    active: each.active,
    heard: each.role === 'active' ? each.counters.advertisementsReceived : null,
  }))
}

function observed(agent: LabAgent): EventBody[] {
  const folder = path.join(agent.stateDir, 'journal')
  return readdirSync(folder).flatMap((name) =>
    readFileSync(path.join(folder, name), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).body),
  )
}

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`not an address: ${text}`)
  return parsed
}

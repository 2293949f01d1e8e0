/** RFC 9568 §6.1, Accept_Mode: a real agent's addresses, and what gets through to them. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { knock, whoAnswers } from './lan-client.ts'
import { createProber, type Prober } from './probe.ts'
import { until } from './wait.ts'

const BOTH = '[192.0.2.100/24, "fe80::100/64", "2001:db8::100/64"]'

let lan: Lan
let prober: Prober
const running: LabAgent[] = []

beforeAll(async () => {
  prober = createProber()
  lan = await createLan(
    `accept${process.pid}`,
    [
      { name: 'one', addresses: ['192.0.2.1/24', '2001:db8::1/64', '198.51.100.1/24'] },
      { name: 'two', addresses: ['198.51.100.2/24'] },
    ],
    '192.0.2.254/24',
  )
  await ip('-n', lan.switchNamespace, 'addr', 'add', '2001:db8::fe/64', 'dev', 'br0', 'nodad')
})
afterAll(async () => {
  prober.close()
  await lan.remove()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((agent) => agent.kill()))
  execFileSync('ip', ['netns', 'exec', lan.namespaceOf('one'), 'nft', 'flush', 'ruleset'])
  for (const name of ['vrrp.51', 'vrrp6.51'])
    await ip('-n', lan.namespaceOf('one'), 'link', 'del', name).catch(() => {})
  await ip('-n', lan.namespaceOf('one'), 'addr', 'flush', 'dev', 'eth0', 'to', '192.0.2.100/32')
})

async function start(more: string, rest = ''): Promise<LabAgent> {
  const router = `{ name: web, interface: eth0, vrid: 51, priority: 200, advertisementInterval: 100ms, addresses: ${BOTH}, ${more} }`
  const config = `node: one\nvirtualRouters:\n  - ${router}\n${rest}`
  const agent = startAgent({ namespace: lan.namespaceOf('one'), config })
  running.push(agent)
  const roles = async () => (await agent.routerStatus()).virtualRouters.map(({ role }) => role).join()
  await until(async () => (await roles()) === 'active,active', {
    what: `both active: ${agent.log()}`,
    withinMs: 15_000,
  })
  return agent
}

function ruleset(): string {
  return execFileSync('ip', ['netns', 'exec', lan.namespaceOf('one'), 'nft', 'list', 'ruleset'], {
    encoding: 'utf8',
  })
}

describe.each([
  ['on the interface', ''],
  ['on a virtual MAC address', ', virtualMac: true'],
])('with the addresses %s', (_, more) => {
  it('RFC 9568 §6.1: accept: true lets packets in', async () => {
    await start(`accept: true${more}`)
    expect(await knock(lan.switchNamespace, '192.0.2.100')).toBe('ECONNREFUSED')
    expect(await knock(lan.switchNamespace, '2001:db8::100')).toBe('ECONNREFUSED')
    expect(await knock(lan.switchNamespace, 'fe80::100%br0')).toBe('ECONNREFUSED')
    const { answered } = await prober.probe({
      namespace: lan.switchNamespace,
      address: '192.0.2.100',
      seconds: 1,
    })
    expect(answered).toBeGreaterThan(50)
    expect(ruleset()).not.toContain('elements')
  })

  it('RFC 9568 §6.1: accept: false drops them; ARP and neighbour solicitations are answered', async () => {
    const agent = await start(`accept: false${more}`)
    expect(await knock(lan.switchNamespace, '192.0.2.100')).toBe('no answer')
    expect(await knock(lan.switchNamespace, '2001:db8::100')).toBe('no answer')
    expect(await knock(lan.switchNamespace, 'fe80::100%br0')).toBe('no answer')
    const { sent, answered } = await prober.probe({
      namespace: lan.switchNamespace,
      address: '192.0.2.100',
      seconds: 1,
    })
    expect([sent > 50, answered]).toEqual([true, 0])
    const mac = more === '' ? await macOf('eth0') : null
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe(mac ?? '00:00:5e:00:01:33')
    expect(await whoAnswers(lan.switchNamespace, '2001:db8::100')).toBe(mac ?? '00:00:5e:00:02:33')
    expect(await whoAnswers(lan.switchNamespace, 'fe80::100')).toBe(mac ?? '00:00:5e:00:02:33')
    // What is the host's own is let in.
    expect(await knock(lan.switchNamespace, '192.0.2.1')).toBe('ECONNREFUSED')
    expect(await knock(lan.switchNamespace, '2001:db8::1')).toBe('ECONNREFUSED')
    await agent.stop()
    expect(ruleset()).toBe('')
  })
})

describe('accept: false', () => {
  it('RFC 9568 §6.4.3: packets that are only forwarded pass: the address is a gateway', async () => {
    const gateway = lan.namespaceOf('one')
    execFileSync('ip', ['netns', 'exec', gateway, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
    await ip('-n', lan.namespaceOf('two'), 'route', 'replace', '192.0.2.0/24', 'via', '198.51.100.1')
    await ip('-n', lan.switchNamespace, 'route', 'replace', '198.51.100.0/24', 'via', '192.0.2.100')
    await start('accept: false, virtualMac: true')
    expect(await knock(lan.switchNamespace, '192.0.2.100')).toBe('no answer')
    expect(await knock(lan.switchNamespace, '198.51.100.2')).toBe('ECONNREFUSED')
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe('00:00:5e:00:01:33')
  })

  it('keepalived-and-vrrp.md §1.12: a backup’s sets are empty, and another table of that name is not needed', async () => {
    const agent = await start('accept: false', 'firewall: { table: gate, priority: -5, counters: true }\n')
    const active = ruleset()
    expect(active).toContain('table inet gate')
    expect(active).toContain('priority filter - 5')
    expect(active).toContain('elements = { 192.0.2.100 }')
    expect(active).toMatch(/ip daddr @ipv4 counter packets \d+ bytes \d+ drop/)
    await ip('-n', lan.namespaceOf('one'), 'link', 'set', 'eth0', 'down')
    await untilRole(agent, 'web', 'fault')
    await until(() => !ruleset().includes('elements'), { what: 'the sets to be empty', withinMs: 5_000 })
    await ip('-n', lan.namespaceOf('one'), 'link', 'set', 'eth0', 'up')
    await until(() => ruleset().includes('192.0.2.100'), { what: 'the sets to be filled', withinMs: 10_000 })
  })

  it('keepalived-and-vrrp.md §1.12: a table of another name takes the place of the first, and the first goes', async () => {
    const agent = await start('accept: false')
    writeFileSync(agent.configFile, `${readFileSync(agent.configFile, 'utf8')}firewall: { table: other }\n`)
    // Its successor reads the file anew.
    agent.killProcess('steward')
    await until(() => ruleset().includes('table inet other') && !ruleset().includes('table inet aloft'), {
      what: 'the other table',
      withinMs: 10_000,
    })
    expect(ruleset()).toContain('elements = { 192.0.2.100 }')
    expect(await knock(lan.switchNamespace, '192.0.2.100')).toBe('no answer')
    await agent.stop()
    expect(ruleset()).toBe('')
  })

  it('holds when somebody flushes the ruleset', async () => {
    await start('accept: false')
    execFileSync('ip', ['netns', 'exec', lan.namespaceOf('one'), 'nft', 'flush', 'ruleset'])
    await until(() => ruleset().includes('192.0.2.100'), {
      what: 'the table to be made again',
      withinMs: 5_000,
    })
    expect(await knock(lan.switchNamespace, '192.0.2.100')).toBe('no answer')
  })

  it('holds while a killed router is replaced by its successor', async () => {
    const agent = await start('accept: false')
    const pid = agent.pidOf('router')
    const handle = () =>
      execFileSync('ip', ['netns', 'exec', lan.namespaceOf('one'), 'nft', '-a', 'list', 'ruleset'], {
        encoding: 'utf8',
      })
    const before = /table inet aloft \{ # handle (\d+)/.exec(handle())?.[1]
    expect(before).toBeDefined()
    agent.killProcess('router')
    await until(() => agent.pidOf('router') !== pid, { what: 'another router', withinMs: 10_000 })
    await untilRole(agent, 'web', 'active')
    expect(ruleset()).toContain('elements = { 192.0.2.100 }')
    expect(/table inet aloft \{ # handle (\d+)/.exec(handle())?.[1]).toBe(before)
  })
})

async function macOf(name: string): Promise<string> {
  const [found] = JSON.parse(await ip('-j', '-n', lan.namespaceOf('one'), 'link', 'show', name))
  return found.address
}

/** What is sent through a router by its virtual MAC address is forwarded as what is sent through its interface. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent } from './agent.ts'
import { type FrameWatch, watchFrames } from './lan-client.ts'
import { pause, until } from './wait.ts'

const MAC = { ipv4: '00:00:5e:00:01:33', ipv6: '00:00:5e:00:02:33' }
const DEVICE = { ipv4: 'vrrp/51', ipv6: 'vrrp6/51' }
const FAMILIES = ['ipv4', 'ipv6'] as const
type Family = (typeof FAMILIES)[number]
/** Behind the router, where nobody is. */
const BEYOND = { ipv4: '198.51.100.9', ipv6: '2001:db8:9::9' }
const THROUGH = { ipv4: '192.0.2.100', ipv6: '2001:db8::100' }

let lan: Lan
let inner: string
let agent: LabAgent | null = null

beforeAll(async () => {
  lan = await createLan(
    `vfwd${process.pid}`,
    [{ name: 'one', addresses: ['192.0.2.1/24', '2001:db8::1/64'] }],
    '192.0.2.254/24',
  )
  inner = lan.namespaceOf('one')
  const outer = lan.switchNamespace
  await ip('-n', outer, 'addr', 'add', '2001:db8::fe/64', 'dev', 'br0', 'nodad')
  const pair = ['beyond', 'type', 'veth', 'peer', 'name', 'eth1', 'netns', inner]
  await ip('-n', outer, 'link', 'add', ...pair)
  await ip('-n', outer, 'link', 'set', 'beyond', 'up')
  await ip('-n', inner, 'link', 'set', 'eth1', 'up')
  for (const family of FAMILIES) {
    await ip('-n', inner, 'route', 'add', BEYOND[family], 'dev', 'eth1')
    const neighbour = [BEYOND[family], 'lladdr', '02:00:00:00:00:09', 'dev', 'eth1', 'nud', 'permanent']
    await ip('-n', inner, 'neigh', 'add', ...neighbour)
    await ip('-n', outer, 'route', 'add', BEYOND[family], 'via', THROUGH[family], 'dev', 'br0')
  }
})
afterAll(() => lan.remove())
afterEach(async () => {
  await agent?.kill()
  for (const name of ['vrrp.51', 'vrrp6.51']) await ip('-n', inner, 'link', 'del', name).catch(() => {})
})

async function start(): Promise<LabAgent> {
  const addresses = '[192.0.2.100/24, "fe80::100/64", "2001:db8::100/64"]'
  const router = `{ name: web, interface: eth0, vrid: 51, priority: 200, advertisementInterval: 100ms, virtualMac: true, addresses: ${addresses} }`
  const started = startAgent({ namespace: inner, config: `node: one\nvirtualRouters:\n  - ${router}\n` })
  agent = started
  const roles = async () => (await started.routerStatus()).virtualRouters.map(({ role }) => role).join()
  await until(async () => (await roles()) === 'active,active', {
    what: `both families to be active: ${started.log()}`,
    withinMs: 15_000,
  })
  return started
}

/** Reads forwarding of an interface, after writing it where a value is given. */
function forwarding(family: Family, name: string, value?: string): string {
  return setting(`net.${family}.conf.${name}.forwarding`, value)
}

function setting(key: string, value?: string): string {
  const sysctl = ['netns', 'exec', inner, 'sysctl', '-n']
  if (value !== undefined) execFileSync('ip', [...sysctl, '-q', '-w', `${key}=${value}`])
  return execFileSync('ip', [...sysctl, key], { encoding: 'utf8' }).trim()
}

/** Off everywhere, and for interfaces to come. */
function nowhere(): void {
  for (const family of FAMILIES) for (const name of ['all', 'default', 'eth0']) forwarding(family, name, '0')
}

/** What has the kernel forward what comes in by the interface: of IPv6, before Linux 6.17, by every one. */
function keyOf(family: Family): string {
  if (family === 'ipv4') return 'net.ipv4.conf.eth0.forwarding'
  const hasOwn = existsSync('/proc/sys/net/ipv6/conf/all/force_forwarding')
  return hasOwn ? 'net.ipv6.conf.eth0.force_forwarding' : 'net.ipv6.conf.all.forwarding'
}

describe.each(FAMILIES)('%s', (family) => {
  it('RFC 9568 §6.4.3: frames to the virtual MAC are forwarded while forwarding is on for the interface', async () => {
    nowhere()
    const key = keyOf(family)
    setting(key, '1')
    await start()
    const sent = await watchFrames(lan.switchNamespace, `ether dst ${MAC[family]} and host ${BEYOND[family]}`)
    const arrived = await watchFrames(lan.switchNamespace, `host ${BEYOND[family]}`, 'beyond')
    const seen = (watch: FrameWatch, port: number) =>
      watch.lines().filter((line) => line.includes(`${BEYOND[family]}.${port}: `)).length
    const send = (port: number) => {
      const words = ['-c', `echo there > /dev/udp/${BEYOND[family]}/${port}`]
      execFileSync('ip', ['netns', 'exec', lan.switchNamespace, 'bash', ...words])
    }
    const passes = async (port: number) => {
      const before = seen(arrived, port)
      send(port)
      await pause(100)
      return seen(arrived, port) > before
    }
    await until(() => passes(1001), { what: 'forwarding', withinMs: 3_000 })
    setting(key, '0')
    await until(async () => !(await passes(1002)), { what: 'forwarding to end', withinMs: 3_000 })
    for (let i = 0; i < 5; i++) send(1003)
    setting(key, '1')
    await until(() => passes(1004), { what: 'forwarding again', withinMs: 3_000 })
    expect([seen(sent, 1003), seen(arrived, 1003)]).toEqual([5, 0])
    await Promise.all([sent.stop(), arrived.stop()])
  })

  it('the device goes on following its interface, also when it is made anew', async () => {
    nowhere()
    const { log } = await start()
    const device = DEVICE[family]
    expect(forwarding(family, device)).toBe('0')
    const untilIs = (value: string) =>
      until(() => forwarding(family, device) === value, { what: `${device} to be ${value}`, withinMs: 3_000 })
    for (const value of ['1', '0', '1']) {
      forwarding(family, 'eth0', value)
      await untilIs(value)
    }
    const name = device.replace('/', '.')
    await ip('-n', inner, 'link', 'del', name)
    await until(() => ip('-n', inner, 'link', 'show', name), {
      what: `${name} again: ${log()}`,
      withinMs: 5_000,
    })
    await untilIs('1')
    expect(forwarding(family, 'default')).toBe('0')
  })
})

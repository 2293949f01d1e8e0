/** Two real agents with virtual MAC addresses on one LAN: what the wire, the switch and the hosts' kernels show of it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { knock, watchFrames, whoAnswers } from './lan-client.ts'
import { until } from './wait.ts'

const MAC4 = '00:00:5e:00:01:33'
const MAC6 = '00:00:5e:00:02:33'

let lan: Lan
const running: LabAgent[] = []
const folders: string[] = []

beforeAll(async () => {
  lan = await createLan(
    `vmac${process.pid}`,
    [
      { name: 'one', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
      { name: 'two', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
    ],
    '192.0.2.254/24',
  )
  await ip('-n', lan.switchNamespace, 'addr', 'add', '2001:db8::fe/64', 'dev', 'br0', 'nodad')
})
afterAll(async () => {
  await lan.remove()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((agent) => agent.kill()))
  for (const host of ['one', 'two']) {
    for (const name of ['vrrp.51', 'vrrp6.51'])
      await ip('-n', lan.namespaceOf(host), 'link', 'del', name).catch(() => {})
    for (const key of ['arp_ignore', 'arp_filter', 'arp_announce', 'rp_filter'])
      setting(host, `net.ipv4.conf.eth0.${key}`, '0')
    setting(host, 'net.ipv4.conf.all.rp_filter', '0')
  }
})

const BOTH = '[192.0.2.100/24, "fe80::100/64", "2001:db8::100/64"]'

function start(
  host: string,
  priority: number,
  more = `virtualMac: true, addresses: ${BOTH}`,
  stateDir?: string,
) {
  const router = `{ name: web, interface: eth0, vrid: 51, priority: ${priority}, advertisementInterval: 100ms, ${more} }`
  const config = `node: ${host}\nvirtualRouters:\n  - ${router}\n`
  const agent = startAgent({ namespace: lan.namespaceOf(host), config, ...(stateDir && { stateDir }) })
  running.push(agent)
  return agent
}

function stateFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-vmac-'))
  folders.push(folder)
  return path.join(folder, 'state')
}

/** Reads a kernel setting of a host, after writing it where a value is given. */
function setting(host: string, name: string, value?: string): string {
  const args = ['netns', 'exec', lan.namespaceOf(host), 'sysctl', '-n']
  if (value !== undefined) execFileSync('ip', [...args, '-q', '-w', `${name}=${value}`])
  return execFileSync('ip', [...args, name], { encoding: 'utf8' }).trim()
}

async function link(host: string, name: string) {
  const text = await ip('-j', '-d', '-n', lan.namespaceOf(host), 'link', 'show', name).catch(() => '[]')
  const [found] = JSON.parse(text)
  return found as
    | { ifindex: number; address: string; flags: string[]; linkinfo: { info_data: { mode: string } } }
    | undefined
}

/** The port of the switch behind which a MAC address was last seen. */
function portOf(mac: string): string | undefined {
  const text = execFileSync('bridge', ['-n', lan.switchNamespace, 'fdb', 'show', 'br', 'br0'], {
    encoding: 'utf8',
  })
  return text
    .split('\n')
    .find((line) => line.startsWith(mac))
    ?.split(' ')[2]
}

async function bothRoles(agent: LabAgent): Promise<string[]> {
  return (await agent.routerStatus()).virtualRouters.map(({ role }) => role)
}
const untilBoth = (agent: LabAgent, role: string) =>
  until(async () => (await bothRoles(agent)).join() === `${role},${role}`, {
    what: `both families to be ${role}: ${agent.log()}`,
    withinMs: 15_000,
  })

describe('an active router', () => {
  let one: LabAgent
  let two: LabAgent
  beforeEach(async () => {
    one = start('one', 200)
    await untilBoth(one, 'active')
    two = start('two', 100)
    await untilBoth(two, 'backup')
  })

  it('RFC 9568 §7.3: advertises from the virtual MAC address, with the primary address of the interface as source', async () => {
    const frames = await watchFrames(lan.switchNamespace, 'proto 112 or ip6 proto 112')
    const seen = await until(() => frames.lines().length >= 8 && frames.lines(), {
      what: 'advertisements',
      withinMs: 5_000,
    })
    await frames.stop()
    const [shown] = JSON.parse(
      await ip('-j', '-6', '-n', lan.namespaceOf('one'), 'addr', 'show', 'dev', 'eth0'),
    )
    const linkLocal = shown.addr_info.find((each: { scope: string }) => each.scope === 'link').local
    const ipv4 = seen.filter((line) => line.includes('ethertype IPv4'))
    const ipv6 = seen.filter((line) => line.includes('ethertype IPv6'))
    expect(ipv4.length).toBeGreaterThan(0)
    expect(ipv6.length).toBeGreaterThan(0)
    for (const line of ipv4) {
      expect(line).toMatch(
        new RegExp(
          `^${MAC4} > 01:00:5e:00:00:12, .*ttl 255.*192\\.0\\.2\\.1 > 224\\.0\\.0\\.18: .*vrid 51, prio 200`,
        ),
      )
      expect(line).not.toMatch(/bad|\(invalid/)
    }
    for (const line of ipv6) {
      expect(line).toMatch(new RegExp(`^${MAC6} > 33:33:00:00:00:12, .*hlim 255.*${linkLocal} > ff02::12: `))
      expect(line).not.toMatch(/bad|\(invalid/)
    }
  })

  it('RFC 9568 §8.1.2, §8.2.2: answers ARP and neighbour solicitations with the virtual MAC address', async () => {
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe(MAC4)
    expect(await whoAnswers(lan.switchNamespace, '2001:db8::100')).toBe(MAC6)
    expect(await whoAnswers(lan.switchNamespace, 'fe80::100')).toBe(MAC6)
    // The host's own address is answered by the interface, and by it alone.
    const own = await link('one', 'eth0')
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.1')).toBe(own?.address)
  })

  it('keepalived-and-vrrp.md §1.13: has its addresses on a private macvlan; a backup’s is down', async () => {
    const active = await link('one', 'vrrp.51')
    expect(active).toMatchObject({ address: MAC4, linkinfo: { info_data: { mode: 'private' } } })
    expect(active?.flags).toContain('UP')
    for (const name of ['vrrp.51', 'vrrp6.51']) expect((await link('two', name))?.flags).not.toContain('UP')
    const held = await ip('-n', lan.namespaceOf('one'), '-br', 'addr', 'show', 'vrrp6.51')
    expect(held).toContain('2001:db8::100/64')
    // No link-local address of its own beside the virtual one.
    expect(held.match(/fe80::\S+/g)).toEqual(['fe80::100/64'])
  })

  it('RFC 9568 §6.4.2: on takeover it announces from the virtual MAC address, and the switch moves it', async () => {
    expect([portOf(MAC4), portOf(MAC6)]).toEqual(['one', 'one'])
    const frames = await watchFrames(lan.switchNamespace, 'arp or icmp6', 'two')
    await one.stop()
    await untilBoth(two, 'active')
    const announced = () => {
      const lines = frames.lines().filter((line) => line.startsWith(MAC4) || line.startsWith(MAC6))
      const garp = lines.filter((line) =>
        /^00:00:5e:00:01:33 > ff:ff:ff:ff:ff:ff.*who-has 192\.0\.2\.100 .*tell 192\.0\.2\.100/.test(line),
      )
      const na = lines.filter((line) =>
        /^00:00:5e:00:02:33 > 33:33:00:00:00:01.*hlim 255.*neighbor advertisement.*tgt is 2001:db8::100.*00:00:5e:00:02:33/.test(
          line,
        ),
      )
      return garp.length >= 1 && na.length >= 1
    }
    await until(announced, { what: 'announcements from the virtual MAC', withinMs: 5_000 }).catch(
      (error: unknown) => {
        throw new Error(`${error}\n${frames.lines().join('\n')}`)
      },
    )
    await frames.stop()
    expect([portOf(MAC4), portOf(MAC6)]).toEqual(['two', 'two'])
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe(MAC4)
  })

  it('RFC 9568 §6.4.2: a backup sends nothing from the virtual MAC address, and answers nothing sent to it', async () => {
    const frames = await watchFrames(lan.switchNamespace, `ether src ${MAC4} or ether src ${MAC6}`, 'two')
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe(MAC4)
    expect(await knock(lan.switchNamespace, '192.0.2.100')).toBe('ECONNREFUSED')
    const pinned = ['fdb', 'replace', MAC4, 'dev', 'two', 'master', 'static', 'sticky']
    execFileSync('bridge', ['-n', lan.switchNamespace, ...pinned])
    expect(await knock(lan.switchNamespace, '192.0.2.100')).toBe('no answer')
    execFileSync('bridge', ['-n', lan.switchNamespace, 'fdb', 'del', MAC4, 'dev', 'two', 'master'])
    await frames.stop()
    expect(frames.lines()).toEqual([])
  })

  it('RFC 9568 §6.4.2: nor does one that was active before', async () => {
    await one.stop()
    await untilBoth(two, 'active')
    const three = start('one', 220)
    await untilBoth(three, 'active')
    await untilBoth(two, 'backup')
    expect((await link('two', 'vrrp.51'))?.flags).toContain('UP')
    const frames = await watchFrames(lan.switchNamespace, `ether src ${MAC4} or ether src ${MAC6}`, 'two')
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe(MAC4)
    expect(await whoAnswers(lan.switchNamespace, '2001:db8::100')).toBe(MAC6)
    expect(await knock(lan.switchNamespace, '192.0.2.100')).toBe('ECONNREFUSED')
    const pinned = ['fdb', 'replace', MAC4, 'dev', 'two', 'master', 'static', 'sticky']
    execFileSync('bridge', ['-n', lan.switchNamespace, ...pinned])
    // Nor does it take for its own what is its own but was sent to the virtual MAC.
    await ip('-n', lan.switchNamespace, 'neigh', 'replace', '192.0.2.2', 'lladdr', MAC4, 'dev', 'br0')
    expect(await knock(lan.switchNamespace, '192.0.2.100')).toBe('no answer')
    expect(await knock(lan.switchNamespace, '192.0.2.2')).toBe('no answer')
    await ip('-n', lan.switchNamespace, 'neigh', 'del', '192.0.2.2', 'dev', 'br0')
    execFileSync('bridge', ['-n', lan.switchNamespace, 'fdb', 'del', MAC4, 'dev', 'two', 'master'])
    await frames.stop()
    expect(frames.lines()).toEqual([])
    await until(() => portOf(MAC4) === 'one' && portOf(MAC6) === 'one', {
      what: 'the switch to know where they are',
      withinMs: 5_000,
    })
  })

  it('keepalived-and-vrrp.md §1.12: no IGMP, MLD or router solicitation leaves from the virtual MAC address for the VRRP group', async () => {
    const frames = await watchFrames(lan.switchNamespace, `ether src ${MAC4} or ether src ${MAC6}`)
    await one.stop()
    await untilBoth(two, 'active')
    // The kernel tells of the groups it joins for the addresses within a second or so; each one is told of twice.
    const ownReport = () =>
      frames.lines().some((line) => line.startsWith(MAC6) && line.includes('multicast listener report'))
    await until(ownReport, { what: 'reports for the solicited-node groups', withinMs: 10_000 }).catch(
      (error: unknown) => {
        throw new Error(
          `${error}\n${frames
            .lines()
            .filter((line) => !line.includes('VRRP'))
            .join('\n')}`,
        )
      },
    )
    await frames.stop()
    const reports = frames.lines().filter((line) => /igmp|multicast listener|router solicitation/.test(line))
    expect(reports.length).toBeGreaterThan(0)
    expect(
      reports.filter((line) => /224\.0\.0\.18|ff02::12[^0-9a-f]|router solicitation/.test(line)),
    ).toEqual([])
  })

  it('hears another active of its own virtual MAC address: the split of a LAN heals', async () => {
    await lan.setForwarding('one', false)
    await untilBoth(two, 'active')
    expect(await bothRoles(one)).toEqual(['active', 'active'])
    await lan.setForwarding('one', true)
    await untilBoth(two, 'backup')
    expect(await bothRoles(one)).toEqual(['active', 'active'])
    await until(() => portOf(MAC4) === 'one' && portOf(MAC6) === 'one', {
      what: 'the switch to find it again',
      withinMs: 5_000,
    })
  })
})

describe('the settings of the host', () => {
  const KEYS = [
    'net.ipv4.conf.eth0.arp_ignore',
    'net.ipv4.conf.eth0.arp_filter',
    'net.ipv4.conf.eth0.arp_announce',
    'net.ipv4.conf.all.rp_filter',
    'net.ipv4.conf.eth0.rp_filter',
    'net.ipv4.conf.default.rp_filter',
  ]
  const settings = (host: string) => KEYS.map((key) => setting(host, key))
  const IPV4 = 'virtualMac: true, addresses: [192.0.2.100/24]'

  beforeEach(() => {
    setting('one', 'net.ipv4.conf.all.rp_filter', '1')
    setting('one', 'net.ipv4.conf.default.rp_filter', '0')
    setting('one', 'net.ipv4.conf.eth0.rp_filter', '0')
  })

  it('keepalived-and-vrrp.md §1.13: are changed while it runs, and put back when it stops', async () => {
    const before = settings('one')
    const agent = start('one', 200, IPV4)
    await untilRole(agent, 'web', 'active')
    expect(settings('one')).toEqual(['1', '1', '2', '0', '1', '1'])
    expect(setting('one', 'net.ipv4.conf.vrrp/51.arp_ignore')).toBe('1')
    expect(setting('one', 'net.ipv4.conf.vrrp/51.rp_filter')).toBe('0')
    expect(setting('one', 'net.ipv4.conf.vrrp/51.accept_local')).toBe('1')
    expect(setting('one', 'net.ipv4.conf.vrrp/51.promote_secondaries')).toBe('1')
    expect(setting('one', 'net.ipv6.conf.vrrp/51.addr_gen_mode')).toBe('1')
    expect(setting('one', 'net.ipv6.conf.vrrp/51.accept_ra')).toBe('0')
    await agent.stop()
    expect(settings('one')).toEqual(before)
    expect(await link('one', 'vrrp.51')).toBeUndefined()
  })

  it('are put back by whoever comes after a crash, with the links that were made', async () => {
    const before = settings('one')
    const stateDir = stateFolder()
    const first = start('one', 200, IPV4, stateDir)
    await untilRole(first, 'web', 'active')
    await first.kill()
    expect(settings('one')).not.toEqual(before)
    expect(await link('one', 'vrrp.51')).toBeDefined()
    const second = start('one', 200, 'addresses: [192.0.2.100/24]', stateDir)
    await untilRole(second, 'web', 'active')
    await until(() => settings('one').join() === before.join(), {
      what: 'the settings to be put back',
      withinMs: 5_000,
    })
    await until(async () => (await link('one', 'vrrp.51')) === undefined, {
      what: 'the link to go',
      withinMs: 5_000,
    })
  })

  it('after a crash and a stop are what they were before the crash', async () => {
    const before = settings('one')
    const stateDir = stateFolder()
    const first = start('one', 200, IPV4, stateDir)
    await untilRole(first, 'web', 'active')
    await first.kill()
    const second = start('one', 200, IPV4, stateDir)
    await untilRole(second, 'web', 'active')
    await second.stop()
    expect(settings('one')).toEqual(before)
  })
})

describe('the device', () => {
  it('outlives a killed router, whose successor goes on with it', async () => {
    const one = start('one', 200)
    await untilBoth(one, 'active')
    const before = await link('one', 'vrrp.51')
    const pid = one.pidOf('router')
    one.killProcess('router')
    await until(() => one.pidOf('router') !== pid, { what: 'another router', withinMs: 10_000 })
    await untilBoth(one, 'active')
    expect(one.log()).not.toMatch(/active → (backup|initialize|fault)/)
    expect((await link('one', 'vrrp.51'))?.ifindex).toBe(before?.ifindex)
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe(MAC4)
  })

  it('whose name somebody else has keeps the router in fault, until the name is free', async () => {
    await ip('-n', lan.namespaceOf('one'), 'link', 'add', 'vrrp.51', 'type', 'bridge')
    const one = start('one', 200, 'virtualMac: true, addresses: [192.0.2.100/24]')
    await untilRole(one, 'web', 'fault')
    const [router] = (await one.routerStatus()).virtualRouters
    expect(router?.faults).toEqual([{ reason: 'virtual-link', what: 'vrrp.51 exists and is no macvlan' }])
    await ip('-n', lan.namespaceOf('one'), 'link', 'del', 'vrrp.51')
    await untilRole(one, 'web', 'active')
    expect((await link('one', 'vrrp.51'))?.address).toBe(MAC4)
  })

  it('that somebody removes is made again, and goes on answering', async () => {
    const one = start('one', 200, 'virtualMac: true, addresses: [192.0.2.100/24]')
    await untilRole(one, 'web', 'active')
    const before = await link('one', 'vrrp.51')
    await ip('-n', lan.namespaceOf('one'), 'link', 'del', 'vrrp.51')
    const again = await until(() => link('one', 'vrrp.51'), { what: 'the device', withinMs: 5_000 })
    expect(again).toMatchObject({ address: MAC4, linkinfo: { info_data: { mode: 'private' } } })
    expect(again.ifindex).not.toBe(before?.ifindex)
    const isBack = async () => {
      const text = await ip('-n', lan.namespaceOf('one'), '-br', 'addr', 'show', 'vrrp.51').catch(() => '')
      return text.includes('192.0.2.100/24')
    }
    await until(isBack, { what: `its address: ${one.log()}`, withinMs: 10_000 })
    await untilRole(one, 'web', 'active')
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe(MAC4)
  })

  it('keepalived-and-vrrp.md §1.5: use_vmac_addr: an address on another interface has the virtual MAC there, too', async () => {
    const inner = lan.namespaceOf('one')
    await ip(
      '-n',
      lan.switchNamespace,
      'link',
      'add',
      'other',
      'type',
      'veth',
      'peer',
      'name',
      'eth1',
      'netns',
      inner,
    )
    await ip('-n', lan.switchNamespace, 'addr', 'add', '203.0.113.254/24', 'dev', 'other')
    await ip('-n', lan.switchNamespace, 'link', 'set', 'other', 'up')
    await ip('-n', inner, 'link', 'set', 'eth1', 'up')
    try {
      const addresses = '[192.0.2.100/24, { address: 203.0.113.100/24, device: eth1 }]'
      const one = start('one', 200, `virtualMac: { onOtherInterfaces: true }, addresses: ${addresses}`)
      await untilRole(one, 'web', 'active')
      expect(await link('one', 'vrrp.51.eth1')).toMatchObject({ address: MAC4 })
      expect(await whoAnswers(lan.switchNamespace, '203.0.113.100')).toBe(MAC4)
      expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe(MAC4)
      await one.stop()
      expect(await link('one', 'vrrp.51.eth1')).toBeUndefined()
    } finally {
      await ip('-n', lan.switchNamespace, 'link', 'del', 'other')
    }
  })

  it('may have a name and a MAC address of one’s own; advertisements may leave from the interface', async () => {
    const mac = '{ name: front, address: "02:00:00:00:00:51", transmitFrom: base }'
    const frames = await watchFrames(lan.switchNamespace, 'proto 112')
    const one = start(
      'one',
      200,
      `virtualMac: ${mac}, addresses: [192.0.2.100/24], announcements: { refresh: 1s }`,
    )
    await untilRole(one, 'web', 'active')
    expect(await link('one', 'front')).toMatchObject({ address: '02:00:00:00:00:51' })
    expect(await whoAnswers(lan.switchNamespace, '192.0.2.100')).toBe('02:00:00:00:00:51')
    const own = (await link('one', 'eth0'))?.address ?? ''
    expect(frames.lines().length).toBeGreaterThan(0)
    for (const line of frames.lines()) expect(line).toMatch(new RegExp(`^${own} >`))
    await frames.stop()
  })
})

/** What only the kernel's world has: frames on the wire, processes, interfaces that vanish, scheduling. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClock, KernelAlarm } from '../../agent/src/linux/clock.ts'
import * as kernel from '../../agent/src/linux/kernel-numbers.ts'
import { createLinuxWorld } from '../../agent/src/linux/linux-world.ts'
import { ip } from '../../agent/src/linux/namespace.ts'
import { netio } from '../../agent/src/linux/netio.ts'
import { notifySystemd } from '../../agent/src/linux/sd-notify.ts'
import { encodeIpv4Packet } from '../../agent/src/packets/ipv4.ts'
import { idleInput } from '../../agent/src/router/idle-input.test.support.ts'
import { GROUP } from '../../agent/src/vrrp/virtual-router.ts'
import type { OutgoingPacket } from '../../agent/src/world/links.ts'
import { type Address, parseAddress } from '../../shared/src/network/address.ts'
import { type Prefix, parsePrefix } from '../../shared/src/network/prefix.ts'
import { createKernelLan, inside, type KernelLan } from './kernel-lan.ts'
import { ENDPOINT, eventually, holding, INTERFACE, pause, Told } from './lan-under-test.ts'

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`not an address: ${text}`)
  return parsed
}
function prefix(text: string): Prefix {
  const parsed = parsePrefix(text)
  if (parsed === null) throw new Error(`not a prefix: ${text}`)
  return parsed
}
function packet(source: Address, byte: number): OutgoingPacket {
  return { source, destination: GROUP.ipv4, ttl: 255, payload: Uint8Array.of(byte) }
}
const [ownA, vip] = [address('192.0.2.1'), prefix('192.0.2.100/24')]

describe('the kernel as a world', () => {
  it('keepalived-and-vrrp.md §1.5: kernel_rx_buf_size: keeps as much unread as the most demanding router asked for', async () => {
    for (const megabytes of [4, 3]) lan.b.links.open({ ...ENDPOINT, receiveBufferBytes: megabytes << 20 })
    // In one turn, so that nobody reads meanwhile; each takes some 2 KiB, and 1 MiB would hold half of them.
    const payload = new Uint8Array(1_000)
    for (let i = 0; i < 2_000; i++)
      lan.a.links.send(INTERFACE, { ...packet(ownA, 0), payload: payload.slice().fill(i & 0xff) })
    await eventually('all of them', () => lan.b.told.datagrams.length === 2_000)
  })

  let lan: KernelLan
  beforeEach(async () => {
    lan = await createKernelLan()
  })
  afterEach(() => lan.close())

  it('shows the loop the TTL of a packet from beyond a router', async () => {
    const forger = inside(lan.lan.namespaceOf('a'), () => {
      const socket = netio().socket(kernel.AF_INET, kernel.SOCK_RAW, kernel.IPPROTO_RAW)
      const index = netio().interfaceIndex(INTERFACE)
      socket.setOption(kernel.IPPROTO_IP, kernel.IP_MULTICAST_IF, kernel.multicastRequest(null, index))
      return socket
    })
    const group = address('224.0.0.18')
    const fields = {
      source: ownA,
      destination: group,
      protocol: 112,
      ttl: 254,
      trafficClass: 0,
      identification: 0,
    }
    forger.send(encodeIpv4Packet(fields, Uint8Array.of(1)), kernel.ipv4SocketAddress(group), null)
    forger.close()
    const { ttl } = await eventually('the forged datagram', () => lan.b.told.datagrams[0])
    expect(ttl).toBe(254)
  })

  it('RFC 5227 §2.4: tells the loop of another that claims an address it holds, in both families, and of no other', async () => {
    const vip6 = prefix('2001:db8::100/64')
    lan.a.holdings.acquire(holding(INTERFACE, [vip, vip6]))
    // Heard once the filters stand, which is after the turn.
    await pause(50)
    lan.a.holdings.announce(INTERFACE, [vip, vip6])
    lan.b.holdings.announce(INTERFACE, [prefix('192.0.2.101/24'), prefix('2001:db8::101/64'), vip, vip6])
    await eventually('both claims', () => (lan.a.told.claims.length >= 2 ? true : undefined))
    await pause(50)
    expect(lan.a.told.claims).toEqual([
      {
        interfaceName: INTERFACE,
        address: vip.address,
        mac: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
      },
      { interfaceName: INTERFACE, address: vip6.address, mac: lan.a.told.claims[0]?.mac },
    ])
    expect(lan.b.told.claims).toEqual([])
  })

  it('tells the loop of a packet it cannot read whole, and by whom', async () => {
    const sender = inside(lan.lan.namespaceOf('a'), () => {
      const socket = netio().socket(kernel.AF_INET, kernel.SOCK_RAW, kernel.IPPROTO_VRRP)
      const index = netio().interfaceIndex(INTERFACE)
      socket.setOption(kernel.IPPROTO_IP, kernel.IP_MULTICAST_IF, kernel.multicastRequest(null, index))
      return socket
    })
    // Two fragments that the receiving kernel makes one packet of: its header promises more than any advertisement has.
    sender.send(new Uint8Array(2_500), kernel.ipv4SocketAddress(address('224.0.0.18')), null)
    sender.close()
    const told = await eventually('the packet', () => lan.b.told.undecodables[0])
    expect(told).toEqual({ interfaceName: INTERFACE, family: 'ipv4', source: ownA })
    expect(lan.b.told.datagrams).toEqual([])
  })

  it('sends from the primary address, also when a virtual one comes first', async () => {
    lan.a.holdings.acquire(holding(INTERFACE, [vip]))
    lan.a.links.send(INTERFACE, packet(ownA, 1))
    expect((await eventually('it', () => lan.b.told.datagrams[0])).source).toBe('192.0.2.1')
  })

  it('announces by a broadcast frame of 42 bytes from its own Ethernet address', async () => {
    lan.a.holdings.announce(INTERFACE, [vip])
    const frame = await eventually('a frame', () => lan.frames()[0])
    const hex = Buffer.from(frame.subarray(0, 42)).toString('hex')
    expect(hex).toMatch(/^f{12}(\w{12})08060001080006040001\1c0000264\w{12}c0000264$/)
  })

  it('announces 250 addresses, each once', async () => {
    const many = Array.from({ length: 250 }, (_, i) => prefix(`198.51.100.${i + 1}/32`))
    lan.a.holdings.acquire(holding(INTERFACE, many))
    expect(await lan.addressesOf('a')).toHaveLength(251)
    lan.a.holdings.announce(INTERFACE, many)
    await eventually('250 frames', () => lan.frames().length === 250)
    expect(new Set(lan.frames().map((frame) => frame.subarray(38, 42).join('.'))).size).toBe(250)
  })

  it('follows an interface that vanishes, and another of the same name', async () => {
    const { switchNamespace } = lan.lan
    const home = lan.lan.namespaceOf('b')
    await withThreadIn(home, async () => {
      await ip('-n', home, 'link', 'del', INTERFACE)
      await eventually('it is gone', () => lan.b.links.state(INTERFACE) === null)
      expect(lan.b.links.send(INTERFACE, packet(address('192.0.2.2'), 1))).toBe(false)
      lan.b.holdings.acquire(holding(INTERFACE, [vip]))
      await eventually('the failure', () => lan.b.told.failures.length === 1)
      await ip(
        ...`-n ${switchNamespace} link add name b type veth peer name ${INTERFACE} netns ${home}`.split(' '),
      )
      await ip('-n', switchNamespace, 'link', 'set', 'dev', 'b', 'master', 'br0', 'up')
      await ip('-n', home, 'addr', 'add', '192.0.2.2/24', 'dev', INTERFACE)
      await ip('-n', home, 'link', 'set', INTERFACE, 'up')
      await eventually(
        'it is up',
        () => lan.b.links.state(INTERFACE)?.up && lan.b.links.state(INTERFACE)?.ipv4,
      )
      await eventually('it hears', () => {
        lan.a.links.send(INTERFACE, packet(ownA, 1))
        return lan.b.told.datagrams.length > 0
      })
    })
  })

  it('listens on an interface that appears after it was asked to', async () => {
    const world = lan.worldOf.b
    const told = lan.b.told
    lan.b.links.open({ ...ENDPOINT, interfaceName: 'late0' })
    expect(world.links.state('late0')).toBeNull()
    await withThreadIn(lan.lan.namespaceOf('b'), async () => {
      await ip('link', 'add', 'late0', 'type', 'veth', 'peer', 'name', 'late1')
      await ip('addr', 'add', '203.0.113.2/24', 'dev', 'late0')
      await ip('link', 'set', 'late1', 'up')
      await ip('link', 'set', 'late0', 'up')
      await eventually('it is up', () => world.links.state('late0')?.up)
      expect(told.linkChanges).toContain('late0')
      expect(world.links.send('late0', packet(address('203.0.113.2'), 1))).toBe(true)
    })
  })

  it('leaves an address that the host had before', async () => {
    lan.a.holdings.acquire(holding(INTERFACE, [prefix('192.0.2.1/24')]))
    lan.a.holdings.release(holding(INTERFACE, [prefix('192.0.2.1/24')]))
    expect(await lan.addressesOf('a')).toEqual(['192.0.2.1/24'])
    expect(lan.a.links.state(INTERFACE)?.ipv4).toBe('192.0.2.1')
  })

  it('knows what a router before it left, and may remove it', async () => {
    lan.a.holdings.acquire(holding(INTERFACE, [vip]))
    const successor = inside(lan.lan.namespaceOf('a'), () => createLinuxWorld())
    expect(successor.held(INTERFACE)).toEqual([vip])
    expect(successor.links.state(INTERFACE)?.ipv4).toBe('192.0.2.1')
    successor.holdings.release(holding(INTERFACE, successor.held(INTERFACE)))
    successor.close()
    expect(await lan.addressesOf('a')).toEqual(['192.0.2.1/24'])
  })

  it('takes the primary address from what remains when it is removed', async () => {
    await ip('-n', lan.lan.namespaceOf('a'), 'addr', 'add', '203.0.113.1/24', 'dev', INTERFACE)
    await ip('-n', lan.lan.namespaceOf('a'), 'addr', 'del', '192.0.2.1/24', 'dev', INTERFACE)
    await eventually('the other one', () => lan.a.links.state(INTERFACE)?.ipv4 === '203.0.113.1')
    expect(lan.a.told.linkChanges).toContain(INTERFACE)
  })

  it('finds the truth again after more changes than its socket could hold', async () => {
    const many = Array.from({ length: 250 }, (_, i) => prefix(`198.51.100.${i + 1}/32`))
    // No turn of the event loop in between: the messages pile up until the kernel drops some.
    for (let round = 0; round < 20; round++) {
      lan.a.holdings.acquire(holding(INTERFACE, many))
      lan.a.holdings.release(holding(INTERFACE, many))
    }
    lan.a.holdings.acquire(holding(INTERFACE, [vip]))
    await pause(50)
    expect(lan.worldOf.a.held(INTERFACE)).toEqual([vip])
    expect(lan.a.links.state(INTERFACE)).toMatchObject({ up: true, ipv4: '192.0.2.1' })
    await lan.setUp('a', false)
    await eventually('it still hears', () => lan.a.links.state(INTERFACE)?.up === false)
  })

  it('leaves no descriptor to child processes, and none behind', () => {
    const mine = readdirSync('/proc/self/fd').length
    const worlds = inside(lan.lan.namespaceOf('a'), () => {
      const world = createLinuxWorld()
      world.links.open(ENDPOINT)
      const listed = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).stdout
      // Its standard streams are sockets of its own.
      const sockets = listed.split('\n').filter((line) => / [3-9] -> socket| \d\d+ -> socket/.test(line))
      world.close()
      return sockets
    })
    expect(worlds).toEqual([])
    expect(readdirSync('/proc/self/fd').length).toBe(mine)
  })

  it('warms up without a trace', async () => {
    lan.worldOf.a.warmUp()
    lan.worldOf.a.warmUp()
    await pause(30)
    expect(await lan.addressesOf('a')).toEqual(['192.0.2.1/24'])
    expect(lan.frames()).toEqual([])
    expect(lan.b.told.datagrams).toEqual([])
    expect(lan.a.told).toEqual(new Told())
  })
})

/** Leaves this thread in a namespace for longer than one call. */
async function withThreadIn(namespace: string, run: () => Promise<void>): Promise<void> {
  const { openSync, closeSync } = await import('node:fs')
  const home = openSync('/proc/self/ns/net', 'r')
  const there = openSync(`/var/run/netns/${namespace}`, 'r')
  netio().setNetworkNamespace(there)
  try {
    await run()
  } finally {
    netio().setNetworkNamespace(home)
    closeSync(there)
    closeSync(home)
  }
}

describe('the alarm', () => {
  const clock = createClock()

  it('never rings early, and on an idle host soon', async () => {
    const lateness: number[] = []
    let atMs = 0
    let rung = () => {}
    const alarm = new KernelAlarm(netio(), clock, {
      beforeRing() {},
      ring() {
        lateness.push(clock.now() - atMs)
        rung()
      },
    })
    for (let i = 0; i < 100; i++) {
      await new Promise<void>((resolve) => {
        rung = resolve
        atMs = clock.now() + 1 + (i % 10) + 0.37
        alarm.set(atMs)
      })
    }
    alarm.close()
    expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0)
    expect(lateness.toSorted((a, b) => a - b)[50]).toBeLessThan(1)
  })

  it('is one: setting it again replaces it, null switches it off', async () => {
    let rings = 0
    const alarm = new KernelAlarm(netio(), clock, {
      beforeRing() {},
      ring() {
        rings += 1
      },
    })
    alarm.set(clock.now() + 5)
    alarm.set(clock.now() + 10)
    await pause(40)
    expect(rings).toBe(1)
    alarm.set(clock.now() + 5)
    alarm.set(null)
    await pause(20)
    expect(rings).toBe(1)
    alarm.set(-1)
    await pause(10)
    expect(rings).toBe(2)
    alarm.close()
  })

  it('does not ring when what was waiting moved it', async () => {
    let rings = 0
    const alarm: KernelAlarm = new KernelAlarm(netio(), clock, {
      beforeRing: () => alarm.set(null),
      ring() {
        rings += 1
      },
    })
    alarm.set(clock.now() + 1)
    await pause(20)
    alarm.close()
    expect(rings).toBe(0)
  })
})

describe('an advertisement that waits while the process is held up', () => {
  it('reaches the loop before the alarm that it should silence', async () => {
    const lan = await createKernelLan()
    try {
      const { clock, alarm } = lan.worldOf.b
      alarm.set(clock.now() + 10)
      const order: string[] = []
      lan.worldOf.b.start(
        idleInput({ datagram: () => order.push('datagram'), alarm: () => order.push('alarm') }),
      )
      // Busy for longer than the alarm, and only then does the advertisement arrive: epoll would hand out the alarm first.
      for (const until = clock.now() + 25; clock.now() < until; );
      lan.a.links.send(INTERFACE, packet(ownA, 7))
      await pause(20)
      expect(order).toEqual(['datagram', 'alarm'])
    } finally {
      await lan.close()
    }
  })
})

describe('a process without privileges', () => {
  it('is told what it lacks', () => {
    const world = path.join(import.meta.dirname, '../../agent/src/linux/linux-world.ts')
    const script = `import(${JSON.stringify(world)}).then(({ createLinuxWorld }) => createLinuxWorld())`
    // The account stays root's, so that it can read the checkout wherever that lies.
    const drop = ['--bounding-set=-all', '--inh-caps=-all', process.execPath]
    const { stderr, status } = spawnSync('setpriv', [...drop, '--import', 'tsx', '-e', script], {
      encoding: 'utf8',
    })
    expect(stderr).toContain('VRRP needs root, or the capabilities CAP_NET_RAW and CAP_NET_ADMIN')
    expect(status).toBe(1)
  })
})

describe('systemd', () => {
  it('is told over its socket, and its absence is no failure', () => {
    const name = `@aloft-test-${process.pid}`
    const listener = netio().socket(kernel.AF_UNIX, kernel.SOCK_DGRAM, 0)
    listener.bind(kernel.unixSocketAddress(name))
    expect(notifySystemd(netio(), 'READY=1', name)).toBe(true)
    const data = new Uint8Array(16)
    expect(listener.receive(data, null, null)?.bytes).toBe(7)
    expect(Buffer.from(data).toString('latin1', 0, 7)).toBe('READY=1')
    listener.close()
    expect(notifySystemd(netio(), 'READY=1', name)).toBe(false)
    expect(notifySystemd(netio(), 'READY=1', '')).toBe(false)
  })
})

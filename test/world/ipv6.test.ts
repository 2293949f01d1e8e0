/** IPv6 as the kernel has it: who hears what, with which hop limit, and how fast an address that moved is found. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as kernel from '../../agent/src/linux/kernel-numbers.ts'
import { ip } from '../../agent/src/linux/namespace.ts'
import { netio } from '../../agent/src/linux/netio.ts'
import { encodeIpv6Packet } from '../../agent/src/packets/ipv6.ts'
import { GROUP } from '../../agent/src/vrrp/virtual-router.ts'
import type { Endpoint, OutgoingPacket } from '../../agent/src/world/links.ts'
import { type Address, knownAddress } from '../../shared/src/network/address.ts'
import { createKernelLan, inside, type KernelLan } from './kernel-lan.ts'
import { eventually, type HostName, holding, INTERFACE, pause } from './lan-under-test.ts'

const run = promisify(execFile)
const VIP = { address: knownAddress('fe80::100'), prefixLength: 64 }
const MULTICAST: Endpoint = {
  interfaceName: INTERFACE,
  family: 'ipv6',
  group: GROUP.ipv6,
  isAuthenticated: false,
}

let lan: KernelLan
beforeEach(async () => {
  lan = await createKernelLan()
})
afterEach(() => lan.close())

const linkLocal = (host: HostName): Address => {
  const address = lan[host].links.state(INTERFACE)?.ipv6
  if (!address) throw new Error(`host ${host} has no link-local address`)
  return address
}
const packet = (byte: number, destination = GROUP.ipv6): OutgoingPacket => ({
  source: linkLocal('a'),
  destination,
  ttl: 255,
  payload: Uint8Array.of(byte),
})
const heard = () => lan.b.told.datagrams.map(({ payload }) => payload[0])

describe('VRRP over IPv6', () => {
  it('RFC 9568 §5.1.2: is heard with source, group and hop limit, once, and not by the sender', async () => {
    for (const host of [lan.a, lan.b]) host.links.open(MULTICAST)
    expect(lan.a.links.send(INTERFACE, packet(1))).toBe(true)
    const datagram = await eventually('it', () => lan.b.told.datagrams[0])
    expect(datagram).toEqual({
      interfaceName: INTERFACE,
      family: 'ipv6',
      source: linkLocal('a'),
      destination: 'ff02::12',
      ttl: 255,
      payload: Uint8Array.of(1),
    })
    await pause(20)
    expect(heard()).toEqual([1])
    expect(lan.a.told.datagrams).toEqual([])
  })

  it('RFC 9568 §5.1.2.3: a hop limit that is less is told as it is', async () => {
    lan.b.links.open(MULTICAST)
    const fields = {
      source: linkLocal('a'),
      destination: GROUP.ipv6,
      nextHeader: 112,
      hopLimit: 254,
      trafficClass: 0,
    }
    const forger = inside(lan.lan.namespaceOf('a'), () => {
      const socket = netio().socket(kernel.AF_INET6, kernel.SOCK_RAW, kernel.IPPROTO_RAW)
      const index = netio().interfaceIndex(INTERFACE)
      return { socket, to: kernel.ipv6SocketAddress(GROUP.ipv6, index) }
    })
    forger.socket.send(encodeIpv6Packet(fields, Uint8Array.of(9)), forger.to, null)
    forger.socket.close()
    expect((await eventually('it', () => lan.b.told.datagrams[0])).ttl).toBe(254)
  })

  it('hears another group only when it was asked to, and the host itself always', async () => {
    const other = knownAddress('ff02::99')
    lan.a.links.open(MULTICAST)
    lan.b.links.open({ ...MULTICAST, group: null })
    const toHost = linkLocal('b')
    for (const [i, destination] of [GROUP.ipv6, other, toHost].entries())
      lan.a.links.send(INTERFACE, packet(i, destination))
    await eventually('what is for the host', () => heard().includes(2))
    lan.b.links.open({ ...MULTICAST, group: other })
    for (const [i, destination] of [GROUP.ipv6, other, toHost].entries())
      lan.a.links.send(INTERFACE, packet(3 + i, destination))
    await eventually('the last', () => heard().includes(5))
    expect(heard()).toEqual([2, 4, 5])
    lan.b.links.close({ ...MULTICAST, group: other })
    lan.a.links.send(INTERFACE, packet(6, other))
    lan.a.links.send(INTERFACE, packet(7, toHost))
    await eventually('the host’s own again', () => heard().includes(7))
    expect(heard()).toEqual([2, 4, 5, 7])
  })

  it('goes on when the interface was down', async () => {
    for (const host of [lan.a, lan.b]) host.links.open(MULTICAST)
    await lan.setUp('b', false)
    await eventually('down is told', () => lan.b.links.state(INTERFACE)?.up === false)
    await lan.setUp('b', true)
    await eventually('up, with an address', () => lan.b.links.state(INTERFACE)?.ipv6)
    await eventually('it hears again', () => {
      lan.a.links.send(INTERFACE, packet(1))
      return heard().length > 0
    })
  })
})

describe('an IPv6 address taken over', () => {
  it('RFC 9568 §6.4.2: an address taken over answers neighbour solicitations at once', async () => {
    lan.a.holdings.acquire(holding(INTERFACE, [VIP]))
    const b = lan.lan.namespaceOf('b')
    const mac = await macOfA()
    // A datagram that needs the neighbour; that nobody listens does not matter.
    await run('ip', ['netns', 'exec', b, 'bash', '-c', `echo > '/dev/udp/fe80::100%${INTERFACE}/9'`])
    await eventually('the answer', async () => (await cachedAtB())?.lladdr === mac)
  })

  it('is no source of advertisements', () => {
    const before = linkLocal('a')
    lan.a.holdings.acquire(holding(INTERFACE, [VIP]))
    expect(linkLocal('a')).toBe(before)
  })

  it('RFC 9568 §6.4.2: announced, it overrides what neighbours have cached', async () => {
    const b = lan.lan.namespaceOf('b')
    const wrong = ['lladdr', '02:00:00:00:00:99', 'nud', 'reachable']
    await ip('-n', b, 'neigh', 'add', VIP.address, 'dev', INTERFACE, ...wrong)
    lan.a.holdings.acquire(holding(INTERFACE, [VIP]))
    lan.a.holdings.announce(INTERFACE, [VIP])
    const mac = await macOfA()
    await eventually('the right address', async () => (await cachedAtB())?.lladdr === mac)
  })
})

async function macOfA(): Promise<string> {
  const [link] = JSON.parse(await ip('-j', '-n', lan.lan.namespaceOf('a'), 'link', 'show', INTERFACE))
  return link.address
}

async function cachedAtB(): Promise<{ lladdr?: string } | undefined> {
  const [known] = JSON.parse(await ip('-j', '-n', lan.lan.namespaceOf('b'), 'neigh', 'show', VIP.address))
  return known
}

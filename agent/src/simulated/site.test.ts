import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Address, parseAddress } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GROUP } from '../vrrp/virtual-router.ts'
import type { Holding } from '../world/holdings.ts'
import type { Datagram, Endpoint, OutgoingPacket } from '../world/router-world.ts'
import type { HostInput } from './host.ts'
import { attachToSimulatedLan, type SimulatedLanClient } from './lan-client.ts'
import { type SimulatedSite, startSimulatedSite } from './site.ts'

let folder: string
let site: SimulatedSite
let clients: SimulatedLanClient[]

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-site-'))
  clients = []
  site = await startSimulatedSite({
    socketPath: path.join(folder, 'lan.sock'),
    hosts: ['a', 'b'].map((name, i) => ({
      name,
      interfaces: [{ name: 'eth0', segment: 'lan', ipv4: address(`10.0.0.${i + 1}`) }],
    })),
  })
})

afterEach(async () => {
  for (const client of clients) await client.detach()
  await site.close()
  rmSync(folder, { recursive: true })
})

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(text)
  return parsed
}

const ENDPOINT: Endpoint = {
  interfaceName: 'eth0',
  family: 'ipv4',
  group: GROUP.ipv4,
  isAuthenticated: false,
}

function packet(...bytes: number[]): OutgoingPacket {
  const payload = Uint8Array.from(bytes)
  return { source: address('10.0.0.1'), destination: GROUP.ipv4, ttl: 255, payload }
}

const VIP: Prefix = { address: address('10.0.0.9'), prefixLength: 24 }

function holding(device: string): Holding {
  const addresses = [{ ...VIP, device }]
  return { holder: 'web', addresses, routes: [], rules: [], leaseMs: null, promoteSecondaries: false }
}

async function attach(host: string): Promise<SimulatedLanClient> {
  const client = await attachToSimulatedLan(path.join(folder, 'lan.sock'), host)
  clients.push(client)
  return client
}

function listener() {
  const heard: Datagram[] = []
  const links: string[] = []
  const failed: string[] = []
  const input: HostInput = {
    datagram: (datagram) => heard.push(datagram),
    linkChanged: (interfaceName) => links.push(interfaceName),
    holdingFailed: ({ what, error }) => failed.push(`${what}: ${error}`),
    holdingLost: () => {},
  }
  return { heard, links, failed, input }
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 5 })

describe('a simulated site', () => {
  it('carries datagrams between processes whose sockets are open', async () => {
    const [a, b] = [await attach('a'), await attach('b')]
    const atB = listener()
    b.bind(atB.input)
    b.links.open(ENDPOINT)
    const prefixes = [{ address: '10.0.0.1', prefixLength: 24 }]
    expect(a.links.state('eth0')).toEqual({ up: true, ipv4: '10.0.0.1', ipv6: null, others: [], prefixes })
    expect(a.links.state('eth1')).toBeNull()
    await eventually(() => {
      a.links.send('eth0', packet(0x31, 51, 0xff))
      expect(atB.heard.length).toBeGreaterThan(0)
    })
    expect(atB.heard[0]).toMatchObject({
      interfaceName: 'eth0',
      family: 'ipv4',
      source: '10.0.0.1',
      destination: '224.0.0.18',
      ttl: 255,
    })
    expect([...(atB.heard[0]?.payload ?? [])]).toEqual([0x31, 51, 0xff])
  })

  it('keeps the addresses of a process that died, and tells its successor of them', async () => {
    const a = await attach('a')
    a.holdings.acquire(holding('eth0'))
    a.holdings.announce('eth0', [VIP])
    await eventually(() => expect(site.neighbour('b', VIP.address)).toBe('a'))
    expect(site.holders(VIP.address)).toEqual(['a'])
    await a.detach()
    expect(site.holders(VIP.address)).toEqual(['a'])

    const successor = await vi.waitFor(() => attach('a'), { timeout: 5000 })
    expect(successor.held).toEqual([{ interfaceName: 'eth0', prefix: VIP }])
    successor.holdings.release(holding('eth0'))
    await eventually(() => expect(site.holders(VIP.address)).toEqual([]))
  })

  it('pulls cables and partitions', async () => {
    const [a, b] = [await attach('a'), await attach('b')]
    const [atA, atB] = [listener(), listener()]
    a.bind(atA.input)
    b.bind(atB.input)
    b.links.open(ENDPOINT)
    site.setLink('a', 'eth0', false)
    await eventually(() => expect(atA.links).toEqual(['eth0']))
    expect(a.links.state('eth0')?.up).toBe(false)
    expect(a.links.send('eth0', packet(1))).toBe(false)
    site.setLink('a', 'eth0', true)
    await eventually(() => expect(a.links.state('eth0')?.up).toBe(true))

    site.partition(['a'])
    a.links.send('eth0', packet(2))
    // The address that follows on the same connection is proof that the datagram was handled, and not carried.
    a.holdings.acquire(holding('eth0'))
    await eventually(() => expect(site.holders(VIP.address)).toEqual(['a']))
    site.heal()
    a.links.send('eth0', packet(3))
    await eventually(() => expect(atB.heard.map(({ payload }) => payload[0])).toEqual([3]))
  })

  it('reports an address that cannot be had, and what came before anybody listened', async () => {
    const a = await attach('a')
    a.holdings.acquire(holding('eth7'))
    a.holdings.acquire(holding('eth0'))
    await eventually(() => expect(site.holders(VIP.address)).toEqual(['a']))
    const atA = listener()
    a.bind(atA.input)
    await eventually(() => expect(atA.failed).toEqual(['10.0.0.9/24 dev eth7: no interface eth7']))
  })

  it('refuses a host it does not have, a second process on one, and a path nobody serves', async () => {
    await expect(attach('z')).rejects.toThrow('no host z on this LAN')
    await attach('a')
    await expect(attach('a')).rejects.toThrow('host a already has a router attached')
    await expect(attachToSimulatedLan(path.join(folder, 'none.sock'), 'a')).rejects.toThrow('ENOENT')
  })

  it('is, when it goes away, a dead link', async () => {
    const a = await attach('a')
    const atA = listener()
    a.bind(atA.input)
    await site.close()
    await eventually(() => expect(atA.links).toEqual(['eth0']))
    expect(a.links.state('eth0')).toEqual({ up: false, ipv4: null, ipv6: null })
  })
})

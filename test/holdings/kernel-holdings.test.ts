/** What a router takes from the kernel and gives back, seen by `ip -j`; and what happens when others interfere. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLinuxWorld } from '../../agent/src/linux/linux-world.ts'
import { ip } from '../../agent/src/linux/namespace.ts'
import type { Holding } from '../../agent/src/world/holdings.ts'
import type { Route, RoutingRule, VirtualAddress } from '../../shared/src/config/holdings-config.ts'
import { parseAddress } from '../../shared/src/network/address.ts'
import { parsePrefix } from '../../shared/src/network/prefix.ts'
import { createKernelLan, inside, type KernelLan } from '../world/kernel-lan.ts'
import { eventually, INTERFACE, pause } from '../world/lan-under-test.ts'

function address(text: string) {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(text)
  return parsed
}
function prefix(text: string) {
  const parsed = parsePrefix(text)
  if (parsed === null) throw new Error(text)
  return parsed
}

const VIP = prefix('192.0.2.100/24')
const ROUTE: Route = {
  ...{ family: 'ipv4', type: 'unicast', to: prefix('198.51.100.0/24'), table: 100, metric: 5, tos: 0 },
  ...{ protocol: 112, place: 'prepend', via: address('192.0.2.2'), source: VIP.address },
}
const RULE: RoutingRule = {
  ...{ family: 'ipv4', action: 'table', priority: 1000, table: 100, protocol: 112 },
  from: prefix('192.0.2.100/32'),
}

function holdingOf(
  addresses: readonly VirtualAddress[],
  more: Partial<Omit<Holding, 'addresses'>> = {},
): Holding {
  return {
    ...{ holder: 'eth0 ipv4 51', routes: [], rules: [], leaseMs: null, promoteSecondaries: false },
    addresses: addresses.map((each) => ({ ...each, device: INTERFACE })),
    ...more,
  }
}

let lan: KernelLan
beforeEach(async () => {
  lan = await createKernelLan()
})
afterEach(() => lan.close())

const inA = (...words: string[]) => ip('-n', lan.lan.namespaceOf('a'), ...words)
const world = () => lan.worldOf.a.holdings
const told = () => lan.a.told

interface AddressInfo {
  readonly local: string
  readonly prefixlen: number
  readonly [key: string]: unknown
}

async function addressesOnA(): Promise<AddressInfo[]> {
  const [link] = JSON.parse(await inA('-j', 'addr', 'show', INTERFACE))
  return link.addr_info.filter(({ scope }: { scope: string }) => scope !== 'link')
}

/** All that could differ afterwards. */
async function everything(): Promise<unknown> {
  const [routes, routes6, rules, rules6] = await Promise.all([
    inA('-j', 'route', 'show', 'table', 'all'),
    inA('-j', '-6', 'route', 'show', 'table', 'all'),
    inA('-j', 'rule'),
    inA('-j', '-6', 'rule'),
  ])
  const sorted = (json: string) =>
    JSON.parse(json)
      .map((each: unknown) => JSON.stringify(each))
      .toSorted()
  return { addresses: await addressesOnA(), routes: [routes, routes6, rules, rules6].map(sorted) }
}

describe('a takeover and its end', () => {
  it('leave the host as it was', async () => {
    const before = await everything()
    const holding = holdingOf([VIP, prefix('2001:db8::100/64'), prefix('2001:db8::101/128')], {
      routes: [ROUTE],
      rules: [RULE],
      leaseMs: 2000,
    })
    world().acquire(holding)
    const [route] = JSON.parse(await inA('-j', 'route', 'show', 'table', '100'))
    expect(route).toMatchObject({
      dst: '198.51.100.0/24',
      gateway: '192.0.2.2',
      prefsrc: '192.0.2.100',
      metric: 5,
      protocol: '112',
    })
    const rules: { priority: number; src: string; table: string }[] = JSON.parse(await inA('-j', 'rule'))
    expect(rules).toContainEqual(
      expect.objectContaining({ priority: 1000, src: '192.0.2.100', table: '100' }),
    )
    const local = (await addressesOnA()).map(({ local: name }) => name)
    expect(local).toEqual(expect.arrayContaining(['192.0.2.100', '2001:db8::100', '2001:db8::101']))
    world().release(holding)
    expect(await everything()).toEqual(before)
    expect(told().failures).toEqual([])
    expect(told().losses).toEqual([])
  })

  it('keepalived-and-vrrp.md §1.6: label, scope, broadcast, peer, deprecated and noprefixroute are as asked', async () => {
    const held: VirtualAddress[] = [
      { ...VIP, label: 'eth0:vip', broadcast: address('192.0.2.255') },
      { ...prefix('203.0.113.1/32'), scope: 253 },
      { ...prefix('203.0.113.2/32'), peer: prefix('203.0.113.9/32') },
      { ...prefix('2001:db8::101/128'), preferredLifetimeMs: 0, noprefixroute: true },
    ]
    world().acquire(holdingOf(held))
    const found = new Map((await addressesOnA()).map((each) => [each.local, each]))
    expect(found.get('192.0.2.100')).toMatchObject({
      label: 'eth0:vip',
      broadcast: '192.0.2.255',
      prefixlen: 24,
    })
    expect(JSON.stringify(JSON.parse(await inA('-j', 'addr', 'show', INTERFACE)))).toContain(
      '"local":"203.0.113.1","prefixlen":32,"scope":"link"',
    )
    expect(found.get('203.0.113.2')).toMatchObject({ address: '203.0.113.9' })
    expect(found.get('2001:db8::101')).toMatchObject({ deprecated: true, noprefixroute: true, nodad: true })
    world().release(holdingOf(held))
    expect(await addressesOnA()).toHaveLength(1)
  })

  it('adopts what a router before it left, leased or not, and changes what is no longer wanted', async () => {
    world().acquire(holdingOf([VIP, prefix('192.0.2.101/24')], { routes: [ROUTE], rules: [RULE] }))
    const successor = inside(lan.lan.namespaceOf('a'), () => createLinuxWorld())
    const holding = holdingOf([VIP], { routes: [ROUTE], leaseMs: 2000 })
    successor.holdings.acquire(holding)
    const [vip] = (await addressesOnA()).filter(({ local }) => local === '192.0.2.100')
    expect(vip?.['valid_life_time']).toBe(2)
    successor.holdings.acquire({ ...holding, routes: [] })
    expect(JSON.parse(await inA('-j', 'route', 'show', 'table', '100'))).toEqual([])
    successor.removeLeftRouting([])
    expect(await inA('-j', 'rule')).not.toContain('"priority":1000')
    successor.close()
  })

  it('does not lease or remove an address that the host had before', async () => {
    const holding = holdingOf([prefix('192.0.2.1/24')], { leaseMs: 2000 })
    world().acquire(holding)
    world().renew([holding])
    const [own] = await addressesOnA()
    expect(own).toMatchObject({ local: '192.0.2.1', valid_life_time: 4_294_967_295 })
    world().release(holding)
    expect(await addressesOnA()).toHaveLength(1)
  })
})

describe('refusals', () => {
  it('are told one by one, each with what helps, and hinder nothing else', async () => {
    const unreachable: Route = { ...ROUTE, via: address('203.0.113.77') }
    const nowhere: Route = { ...ROUTE, to: prefix('198.51.101.0/24'), device: 'nowhere0' }
    world().acquire(holdingOf([VIP], { routes: [unreachable, nowhere, ROUTE], rules: [RULE] }))
    await eventually('both', () => told().failures.length === 2)
    expect(told().failures.toSorted()).toEqual([
      '198.51.100.0/24 via 203.0.113.77 table 100 metric 5: cannot add: ENETUNREACH: Nexthop has invalid gateway',
      '198.51.101.0/24 via 192.0.2.2 dev nowhere0 table 100 metric 5: cannot add: there is no interface nowhere0',
    ])
    expect(JSON.parse(await inA('-j', 'route', 'show', 'table', '100'))).toHaveLength(1)
  })
})

describe('somebody else who removes', () => {
  it.each([
    ['an address', ['addr', 'del', '192.0.2.100/24', 'dev', INTERFACE], 'address'],
    ['a route', ['route', 'del', '198.51.100.0/24', 'table', '100'], 'route'],
    [
      'a route by replacing it',
      ['route', 'replace', '198.51.100.0/24', 'dev', INTERFACE, 'table', '100', 'metric', '5'],
      'route',
    ],
    ['a rule', ['rule', 'del', 'priority', '1000'], 'rule'],
    ['an IPv6 address', ['addr', 'del', '2001:db8::100/64', 'dev', INTERFACE], 'address'],
  ])('%s is noticed, and what is there still is not', async (_, words, kind) => {
    const held = [VIP, prefix('2001:db8::100/64')]
    // No source: the route would go with its address.
    const { source: _source, ...route } = ROUTE
    world().acquire(holdingOf(held, { routes: [route], rules: [RULE] }))
    await pause(20)
    await inA(...words)
    const loss = await eventually('the loss', () => told().losses[0])
    expect(loss.lost.map((item) => item.kind)).toEqual([kind])
    expect(loss.holder).toBe('eth0 ipv4 51')
    expect(told().losses).toHaveLength(1)
  })

  it('track: false is nobody’s loss, and a renewal does not bring it back', async () => {
    const holding = holdingOf([{ ...VIP, track: false }], { leaseMs: 2000 })
    world().acquire(holding)
    await inA('addr', 'del', '192.0.2.100/24', 'dev', INTERFACE)
    await pause(50)
    world().renew([holding])
    expect(await addressesOnA()).toHaveLength(1)
    expect(told().losses).toEqual([])
  })

  it('is not ourselves, however quickly we give back and take again', async () => {
    const holding = holdingOf([VIP, prefix('2001:db8::100/64')], { routes: [ROUTE], rules: [RULE] })
    for (let round = 0; round < 20; round++) {
      world().acquire(holding)
      world().release(holding)
    }
    world().acquire(holding)
    await pause(100)
    expect(told().losses).toEqual([])
  })
})

describe('a lease', () => {
  it('that is renewed goes on, and one that is not ends within 3 s; both families, deprecated or not', async () => {
    const renewed = holdingOf([prefix('192.0.2.101/24')], { holder: 'other', leaseMs: 2000 })
    const left = holdingOf(
      [VIP, prefix('2001:db8::100/64'), { ...prefix('2001:db8::101/128'), preferredLifetimeMs: 0 }],
      { leaseMs: 2000 },
    )
    world().acquire(renewed)
    world().acquire(left)
    expect((await addressesOnA()).find(({ local }) => local === '2001:db8::101')).toMatchObject({
      deprecated: true,
    })
    const startedAt = performance.now()
    const renewal = setInterval(() => world().renew([renewed]), 500)
    try {
      const gone = async () => (await addressesOnA()).length === 2
      while (!(await gone()) && performance.now() - startedAt < 5000) await pause(20)
      const tookMs = performance.now() - startedAt
      expect(tookMs).toBeGreaterThan(1500)
      expect(tookMs).toBeLessThan(3100)
      expect((await addressesOnA()).map(({ local }) => local)).toEqual(['192.0.2.1', '192.0.2.101'])
      const loss = await eventually('the loss', () => told().losses[0])
      expect(loss.holder).toBe('eth0 ipv4 51')
    } finally {
      clearInterval(renewal)
    }
  })

  it('of the first address of a network takes no foreign address of it along', async () => {
    await inA('link', 'set', INTERFACE, 'up')
    world().acquire(holdingOf([prefix('203.0.113.100/24')], { leaseMs: 2000 }))
    await inA('addr', 'add', '203.0.113.7/24', 'dev', INTERFACE)
    const isThere = async (name: string) => (await addressesOnA()).some(({ local }) => local === name)
    for (
      const until = performance.now() + 5000;
      (await isThere('203.0.113.100')) && performance.now() < until;
    )
      await pause(50)
    expect(await isThere('203.0.113.100')).toBe(false)
    expect(await isThere('203.0.113.7')).toBe(true)
  })
})

describe('a thousand addresses and routes', () => {
  it('are taken, renewed and given back in milliseconds', async () => {
    const addresses = Array.from({ length: 1000 }, (_, i) => prefix(`10.9.${i >> 8}.${i & 255}/32`))
    const routes = Array.from({ length: 1000 }, (_, i) => ({
      ...ROUTE,
      to: prefix(`10.8.${i >> 8}.${i & 255}/32`),
    }))
    const holding = holdingOf([VIP, ...addresses], { routes, leaseMs: 2000 })
    const took = (run: () => void) => {
      const at = performance.now()
      run()
      return Math.round(10 * (performance.now() - at)) / 10
    }
    const figures = {
      acquire: took(() => world().acquire(holding)),
      firstRenewal: took(() => world().renew([holding])),
      renewal: took(() => world().renew([holding])),
      release: 0,
    }
    expect(await addressesOnA()).toHaveLength(1002)
    figures.release = took(() => world().release(holding))
    console.log(`1001 addresses and 1000 routes, in ms: ${JSON.stringify(figures)}`)
    expect(await addressesOnA()).toHaveLength(1)
    expect(figures.acquire).toBeLessThan(500)
    expect(figures.renewal).toBeLessThan(100)
    expect(told().failures).toEqual([])
  })
})

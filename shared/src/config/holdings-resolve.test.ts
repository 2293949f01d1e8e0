import { describe, expect, it } from 'vitest'
import { written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'

function configOf(changes: Parameters<typeof written>[0]) {
  const loaded = loadAgentConfig(written(changes))
  if ('diagnostics' in loaded) throw new Error(JSON.stringify(loaded.diagnostics))
  return loaded.config
}
function routerOf(changes: Parameters<typeof written>[0]) {
  const [router] = configOf(changes).virtualRouters
  if (router === undefined) throw new Error('no router')
  return router
}

describe('what is held', () => {
  it('keepalived-and-vrrp.md §1.6: the default prefix is /32 and /128, and an IPv6 /128 is deprecated', () => {
    const { addresses, excludedAddresses } = routerOf({
      addresses: '    addresses: [192.0.2.100]',
      more: '    excludedAddresses: ["2001:db8::1", "2001:db8::2/64", { address: "2001:db8::3", preferredLifetime: forever }]',
    })
    expect(addresses).toEqual([{ address: '192.0.2.100', prefixLength: 32 }])
    expect(excludedAddresses).toEqual([
      { address: '2001:db8::1', prefixLength: 128, preferredLifetimeMs: 0 },
      { address: '2001:db8::2', prefixLength: 64 },
      { address: '2001:db8::3', prefixLength: 128 },
    ])
  })

  it('brd + and -: the host bits of the network, set or clear', () => {
    const more =
      '    excludedAddresses: [{ address: 192.0.2.77/26, broadcast: + }, { address: 192.0.2.78/26, broadcast: "-" }, { address: 192.0.2.79/26, broadcast: 192.0.2.1 }]'
    const { excludedAddresses } = routerOf({ more })
    expect(excludedAddresses.map(({ broadcast }) => broadcast)).toEqual([
      '192.0.2.127',
      '192.0.2.64',
      '192.0.2.1',
    ])
  })

  it('more addresses than an advertisement holds are held, and not advertised', () => {
    const many = Array.from({ length: 257 }, (_, i) => `10.1.${i >> 8}.${i & 255}/32`)
    const { addresses, excludedAddresses } = routerOf({ addresses: `    addresses: [${many.join(', ')}]` })
    expect(addresses).toHaveLength(255)
    expect(excludedAddresses.map(({ address }) => address)).toEqual(['10.1.0.255', '10.1.1.0'])
  })

  it('a route has its family, table, protocol and the kernel’s units', () => {
    const more =
      '    routes: [{ to: default, via: "fe80::1", device: eth0, table: local, rtt: 30ms, rttvar: 8ms, mtu: 1400, lock: [mtu], realms: 3/5, ecn: true }]'
    expect(routerOf({ more }).routes).toEqual([
      {
        ...{
          family: 'ipv6',
          type: 'unicast',
          to: { address: '::', prefixLength: 0 },
          table: 255,
          metric: 0,
          tos: 0,
        },
        ...{ place: 'prepend', protocol: 112, via: 'fe80::1', device: 'eth0', locked: ['mtu'] },
        ...{ metrics: { mtu: 1400, rtt: 240, rttvar: 32, features: 1 }, realms: { from: 3, to: 5 } },
      },
    ])
  })

  it('rules without a priority follow each other, and marks and ports are numbers', () => {
    const more =
      '    rules: [{ from: 192.0.2.100, table: 7 }, { mark: 0x10/0xff, ipProtocol: tcp, destinationPorts: 80-443, table: main, track: false }]'
    expect(routerOf({ more }).rules).toEqual([
      {
        ...{ family: 'ipv4', action: 'table', table: 7, priority: 16384, protocol: 112 },
        from: { address: '192.0.2.100', prefixLength: 32 },
      },
      {
        ...{ family: 'ipv4', action: 'table', table: 254, priority: 16385, protocol: 112, track: false },
        ...{ mark: { value: 16, mask: 255 }, ipProtocol: 6, destinationPorts: { first: 80, last: 443 } },
      },
    ])
  })

  it('of two families goes with each; of one, all of it with that one', () => {
    const more =
      '    excludedAddresses: ["2001:db8::7/64"]\n    routes: [{ to: "2001:db8:1::/48", device: eth0 }]'
    expect(routerOf({ more })).toMatchObject({
      family: 'ipv4',
      excludedAddresses: [{ address: '2001:db8::7' }],
    })
    const both = configOf({ addresses: '    addresses: [192.0.2.100/24, "fe80::100/64"]', more })
    expect(both.virtualRouters.map(({ routes }) => routes.length)).toEqual([0, 1])
  })

  it('static holdings name their device, and the routers that depend on them', () => {
    const more =
      'static: { addresses: [{ address: 192.0.2.9/24, device: eth1, withRouters: [web] }], rules: [{ from: 192.0.2.9, table: 9 }] }'
    expect(configOf({ more }).static).toMatchObject({
      addresses: [{ address: '192.0.2.9', device: 'eth1', withRouters: ['web'] }],
      rules: [{ table: 9, priority: 16384 }],
    })
  })
})

import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { clientAddress, limitedAs, trustedProxies } from './client-address.ts'

async function addressOf(peer: string | undefined, forwarded: string | null, trusted: readonly string[]) {
  const app = new Hono().get('/', (c) => c.json(clientAddress(c, trustedProxies(trusted))))
  const headers = forwarded === null ? undefined : { 'x-forwarded-for': forwarded }
  const env = { incoming: { socket: { remoteAddress: peer } } }
  return (await app.request('/', { ...(headers && { headers }) }, env)).json()
}

describe('the address of a caller', () => {
  it.each([
    ['is the peer', '192.0.2.1', null, [], '192.0.2.1'],
    ['is the peer, whatever a stranger says', '192.0.2.1', '10.1.1.1', [], '192.0.2.1'],
    ['is the peer behind a mapped socket', '::ffff:192.0.2.1', null, [], '192.0.2.1'],
    ['is whom a trusted proxy names', '10.0.0.1', '192.0.2.7', ['10.0.0.0/8'], '192.0.2.7'],
    [
      'is the last one no trusted proxy is',
      '10.0.0.1',
      '6.6.6.6, 192.0.2.7, 10.0.0.2',
      ['10.0.0.0/8'],
      '192.0.2.7',
    ],
    ['is the proxy when it names nobody', '10.0.0.1', null, ['10.0.0.1'], '10.0.0.1'],
    ['is the proxy when it names nonsense', '10.0.0.1', 'unknown', ['10.0.0.1'], '10.0.0.1'],
    ['knows IPv6', 'fd00::1', '2001:db8::9', ['fd00::/16'], '2001:db8::9'],
    ['is nobody’s on a unix socket', undefined, null, [], null],
  ] as const)('%s', async (_name, peer, forwarded, trusted, expected) => {
    expect(await addressOf(peer, forwarded, trusted)).toBe(expected)
  })

  it.each(['proxy', '10.0.0.0/33', '10.0.0.0/x', '', '::1/129'])('no trusted proxy is "%s"', (entry) => {
    expect(() => trustedProxies([entry])).toThrow('is an address or a prefix')
  })
})

describe('what is limited', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('of %s is %s', (address, network) => expect(limitedAs(address)).toBe(network))
})

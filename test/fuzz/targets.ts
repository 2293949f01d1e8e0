/** Routers of every kind, once as active and once as backup, and what their peer really sends: where fuzzing begins. */
import { FakeWorld } from '../../agent/src/router/loop/fake-world.test.support.ts'
import { RouterLoop } from '../../agent/src/router/loop/router-loop.ts'
import { encodeAdvertisement } from '../../agent/src/vrrp/advertisement.ts'
import { authenticationKey, authenticationOf } from '../../agent/src/vrrp/authentication.ts'
import { signMessage } from '../../agent/src/vrrp/authentication-header.ts'
import { address, prefix, routerConfig } from '../../agent/src/vrrp/examples.test.support.ts'
import type { Datagram } from '../../agent/src/world/links.ts'
import type { VirtualRouterConfig } from '../../shared/src/config/agent-config.ts'

const PASSWORD = 'secret42'
const V2 = { version: 2 } as const
const IPV6 = { family: 'ipv6', addresses: [prefix('fe80::100/64'), prefix('2001:db8::100/64')] } as const
const PEERS = [{ address: address('192.0.2.2'), minTtl: 0, maxTtl: 255 }]
const UNICAST = { peers: PEERS, ttl: 255, checkSource: true, oldChecksum: 'detect' } as const

const ROUTERS: readonly VirtualRouterConfig[] = [
  routerConfig({ name: 'v3', vrid: 51 }),
  routerConfig({ ...V2, name: 'v2', vrid: 52 }),
  routerConfig({ ...V2, name: 'simple', vrid: 53, authentication: { type: 'simple', password: PASSWORD } }),
  routerConfig({ ...V2, name: 'signed', vrid: 54, authentication: { type: 'ah', password: PASSWORD } }),
  routerConfig({ ...IPV6, name: 'ipv6', vrid: 55 }),
  routerConfig({ name: 'unicast', vrid: 56, unicast: UNICAST }),
]

/** What the peer of these routers sends. */
export const EXAMPLES: readonly Datagram[] = ROUTERS.map(fromPeer)

function fromPeer(config: VirtualRouterConfig): Datagram {
  const { version, vrid, family, authentication, unicast } = config
  const source = address(family === 'ipv4' ? '192.0.2.2' : 'fe80::2')
  const group = address(family === 'ipv4' ? '224.0.0.18' : 'ff02::12')
  const destination = unicast === null ? group : address('192.0.2.1')
  const addresses = config.addresses.map((each) => each.address)
  const payload = encodeAdvertisement(
    { version, vrid, priority: 200, intervalMs: 1_000, addresses },
    { source, destination, authentication: authenticationOf(authentication), checksum: 'pseudo-header' },
  )
  const datagram = { interfaceName: 'eth0', family, source, destination, ttl: 255, payload }
  if (authentication.type !== 'ah') return datagram
  const authenticated = { identification: 7 }
  const signing = { key: authenticationKey(PASSWORD), sequence: 9, fields: { ...datagram, ...authenticated } }
  return { ...datagram, authenticated, payload: signMessage(payload, signing) }
}

export interface Target {
  readonly loop: RouterLoop
  /** All that hostile packets must leave as it is. */
  state(): string
}

export function target(role: 'active' | 'backup'): Target {
  const world = new FakeWorld()
  const loop = new RouterLoop({ ...world, clock: world.clock, recorder: { record: () => {} } })
  loop.configure(ROUTERS)
  for (const example of EXAMPLES) loop.datagram(example)
  if (role === 'active') world.advance(loop, 60_000)
  const roles = loop.status().virtualRouters.map((each) => each.role)
  if (roles.some((each) => each !== role)) throw new Error(`the targets are ${roles.join()}, not ${role}`)
  return {
    loop,
    state: () =>
      JSON.stringify([
        loop.status().virtualRouters,
        world.armedAt,
        world.sent.length,
        world.transitions().length,
      ]),
  }
}

import { z } from 'zod'
import { parseAddress } from '../network/address.ts'
import { parsePrefix } from '../network/prefix.ts'
import { ROUTE_TYPES } from './holdings-config.ts'
import { interfaceName } from './interface-name.ts'
import { durationText, named, oneOf, shaped, text, wholeNumber } from './schema-parts.ts'

/** What is held while active, as it is written: the words of iproute2 where it has any, spelt out. */

const TABLES: readonly string[] = ['main', 'local', 'default']

const prefixText = (key: string, example: string) =>
  text({
    key,
    accepts: (value) => parsePrefix(value) !== null,
    wants: 'an IP address with its prefix length',
    example,
  })
const addressText = (key: string, example: string) =>
  text({ key, accepts: (value) => parseAddress(value) !== null, wants: 'an IP address', example })
const flag = (key: string) => z.boolean({ error: ({ input }) => oneOf(key, ['true', 'false'], input) })
const u32 = (key: string) => wholeNumber(key, 0, 4_294_967_295)
const matching = (key: string, pattern: RegExp, wants: string, example: string) =>
  text({ key, accepts: (value) => pattern.test(value), wants, example })
const choice = <const T extends readonly string[]>(key: string, choices: T) =>
  z.enum(choices, { error: ({ input }) => oneOf(key, choices, input) })

const table = (key: string) =>
  z.union([u32(key), z.enum(['main', 'local', 'default'])], {
    error: ({ input }) => oneOf(key, ['a number', ...TABLES], input),
  })

const track = flag('track')
  .default(true)
  .describe('Whether it matters that somebody else removes it: false lets it go.')

const ADDRESS_EXAMPLE = '{ address: 192.0.2.100/24, device: eth1 }'

/** A map with everything `ip address` may say. */
const AddressMap = z.strictObject({
  address: prefixText('address', '192.0.2.100/24').describe(
    'IP address with prefix length (without one: /32 or /128).',
  ),
  device: interfaceName('device').optional().describe("Another interface than the router's."),
  label: matching('label', /^[^\s/]{1,15}$/, 'a name of 1 to 15 characters', 'eth0:vip')
    .optional()
    .describe('IPv4 alias name; begins with the name of the interface.'),
  scope: choice('scope', ['global', 'site', 'link', 'host']).optional().describe('IPv4 scope.'),
  broadcast: text({
    key: 'broadcast',
    accepts: (value) => value === '+' || value === '-' || parseAddress(value) !== null,
    wants: '+, - or an IP address',
    example: '+',
  })
    .optional()
    .describe('IPv4 broadcast address; `+` sets the host bits of the network, `-` clears them.'),
  peer: prefixText('peer', '198.51.100.1/32').optional().describe('The other end of a point-to-point link.'),
  preferredLifetime: z
    .union([z.literal('forever'), durationText('preferredLifetime', '0s')], {
      error: ({ input }) => shaped('preferredLifetime', 'a duration or `forever`', '0s', input),
    })
    .optional()
    .describe('How long the host prefers it as a source. IPv6 /128: 0s, so that it never does.'),
  dad: flag('dad').default(false).describe('IPv6: look for duplicates first, which delays the address.'),
  home: flag('home').default(false).describe('IPv6: the home address of mobile IPv6.'),
  mngtmpaddr: flag('mngtmpaddr').default(false).describe('IPv6: make temporary addresses of it.'),
  noprefixroute: flag('noprefixroute').default(false).describe('Make no route for its network.'),
  autojoin: flag('autojoin').default(false).describe('Join the multicast group that the address is.'),
  track,
})

const addressOr = (map: typeof AddressMap, key: string) =>
  z.union([prefixText(key, '192.0.2.100/24'), map], {
    error: ({ input }) => shaped(`each of ${key}`, 'an IP address or a map', ADDRESS_EXAMPLE, input),
  })

const duration = (key: string) => durationText(key, '200ms').optional()
const lockable = [
  'mtu',
  'advmss',
  'rtt',
  'rttvar',
  'window',
  'cwnd',
  'ssthresh',
  'reordering',
  'hoplimit',
] as const

const NexthopMap = z.strictObject({
  via: addressText('via', '192.0.2.254').optional().describe('The gateway.'),
  device: interfaceName('device').optional().describe('The interface it is reached on.'),
  weight: wholeNumber('weight', 1, 256).default(1).describe('Its share of the traffic.'),
  onlink: flag('onlink').default(false).describe('The gateway is on the link, whatever the networks say.'),
})

const realms = matching('realms', /^(\d{1,5}\/)?\d{1,5}$/, 'a realm, or two with a slash', '3/5')
  .optional()
  .describe('Realms of route classification, `from/to` or `to`.')

const routeShape = {
  to: z
    .union([z.literal('default'), prefixText('to', '198.51.100.0/24')], {
      error: ({ input }) => shaped('to', 'a network or `default`', '198.51.100.0/24', input),
    })
    .describe('The destination.'),
  type: choice('type', ROUTE_TYPES).default('unicast').describe('What happens to packets for it.'),
  family: choice('family', ['ipv4', 'ipv6'])
    .optional()
    .describe('Of a `default` without a gateway; otherwise it is that of the addresses.'),
  via: addressText('via', '192.0.2.254').optional().describe('The gateway; may be IPv6 for an IPv4 route.'),
  device: interfaceName('device').optional().describe('The interface it leaves by.'),
  source: addressText('source', '192.0.2.100').optional().describe('Source address the host chooses for it.'),
  table: table('table').optional().describe('Routing table: a number, `main`, `local` or `default`.'),
  metric: u32('metric').default(0).describe('Smaller is preferred; 0 is the default of the kernel.'),
  scope: choice('scope', ['global', 'site', 'link', 'host'])
    .optional()
    .describe('IPv4 scope; default: as `ip route` chooses it.'),
  tos: wholeNumber('tos', 0, 255).default(0).describe('Type of service it is for.'),
  onlink: flag('onlink').default(false).describe('The gateway is on the link, whatever the networks say.'),
  nexthops: z
    .array(NexthopMap, {
      error: ({ input }) => shaped('nexthops', 'a list', '[{ via: 192.0.2.254 }]', input),
    })
    .min(1)
    .optional()
    .describe('Several gateways that share the traffic, instead of `via` and `device`.'),
  mtu: u32('mtu').optional().describe('Path MTU in bytes.'),
  advmss: u32('advmss').optional().describe('TCP: largest segment to advertise.'),
  rtt: duration('rtt').describe('TCP: first estimate of the round trip time.'),
  rttvar: duration('rttvar').describe('TCP: first estimate of its variance.'),
  rtoMin: duration('rtoMin').describe('TCP: least retransmission time.'),
  window: u32('window').optional().describe('TCP: largest window to advertise.'),
  cwnd: u32('cwnd').optional().describe('TCP: clamp of the congestion window.'),
  ssthresh: u32('ssthresh').optional().describe('TCP: slow start threshold.'),
  reordering: u32('reordering').optional().describe('TCP: reordering on the path.'),
  hoplimit: wholeNumber('hoplimit', 0, 255).optional().describe('Hop limit of packets on it.'),
  initcwnd: u32('initcwnd').optional().describe('TCP: first congestion window.'),
  initrwnd: u32('initrwnd').optional().describe('TCP: first receive window.'),
  quickack: flag('quickack').optional().describe('TCP: acknowledge at once.'),
  fastopenNoCookie: flag('fastopenNoCookie').optional().describe('TCP fast open without a cookie.'),
  ecn: flag('ecn').optional().describe('TCP: explicit congestion notification.'),
  congestionControl: matching('congestionControl', /^[\w-]{1,15}$/, 'the name of an algorithm', 'bbr')
    .optional()
    .describe('TCP: congestion control algorithm.'),
  lock: z
    .array(choice('lock', lockable))
    .default([])
    .describe('Which of the values path MTU discovery and the like may not change.'),
  realms,
  preference: choice('preference', ['low', 'medium', 'high']).optional().describe('IPv6: of a router.'),
  expires: durationText('expires', '300s').optional().describe('IPv6: the route ends after that.'),
  place: choice('place', ['prepend', 'append', 'add'])
    .default('prepend')
    .describe('Before or after others of the same destination and metric, or refused beside them.'),
  track,
}
const RouteMap = z.strictObject(routeShape)

const ports = (key: string) =>
  z
    .union([
      wholeNumber(key, 0, 65_535),
      matching(key, /^\d{1,5}-\d{1,5}$/, 'a port or a range', '1000-2000'),
    ])
    .optional()
    .describe('A port or a range of ports, `1000-2000`.')

const ruleShape = {
  family: choice('family', ['ipv4', 'ipv6'])
    .optional()
    .describe('Of a rule without addresses; default ipv4.'),
  not: flag('not').default(false).describe('For packets that do not match.'),
  from: prefixText('from', '192.0.2.0/24').optional().describe('Source addresses.'),
  to: prefixText('to', '198.51.100.0/24').optional().describe('Destination addresses.'),
  priority: wholeNumber('priority', 1, 32_765)
    .optional()
    .describe('Smaller is looked at earlier; default: from 16384 on, in the order written.'),
  table: table('table').optional().describe('Routing table to look in.'),
  action: choice('action', ['nop', 'blackhole', 'unreachable', 'prohibit'])
    .optional()
    .describe('What happens instead of looking in a table.'),
  goto: wholeNumber('goto', 1, 32_767).optional().describe('The priority to go on at.'),
  tos: wholeNumber('tos', 0, 255).optional().describe('Type of service.'),
  mark: z
    .union([
      u32('mark'),
      matching(
        'mark',
        /^(0x[\da-f]{1,8}|\d{1,10})(\/(0x[\da-f]{1,8}|\d{1,10}))?$/i,
        'a mark, or a mark and a mask',
        '0x10/0xff',
      ),
    ])
    .optional()
    .describe('Firewall mark, with a mask after a slash where only some bits count.'),
  incoming: interfaceName('incoming').optional().describe('Interface the packet came in by.'),
  outgoing: interfaceName('outgoing').optional().describe('Interface a socket is bound to.'),
  realms,
  suppressPrefixLength: wholeNumber('suppressPrefixLength', 0, 128)
    .optional()
    .describe('Ignore routes found with so short a prefix.'),
  suppressInterfaceGroup: u32('suppressInterfaceGroup')
    .optional()
    .describe('Ignore routes found to interfaces of that group.'),
  tunnelId: wholeNumber('tunnelId', 1, Number.MAX_SAFE_INTEGER).optional().describe('Tunnel identifier.'),
  users: matching('users', /^\d{1,10}-\d{1,10}$/, 'a range of user ids', '100-200')
    .optional()
    .describe('Range of user ids, `100-200`.'),
  l3mdev: flag('l3mdev').default(false).describe("Look in the table of the packet's VRF."),
  ipProtocol: z
    .union([wholeNumber('ipProtocol', 1, 255), z.enum(['tcp', 'udp', 'icmp', 'sctp'])])
    .optional()
    .describe('IP protocol: a number, tcp, udp, icmp or sctp.'),
  sourcePorts: ports('sourcePorts'),
  destinationPorts: ports('destinationPorts'),
  track,
}
const RuleMap = z.strictObject(ruleShape)

const listOf = <T extends z.ZodType>(key: string, kind: T, example: string) =>
  z.array(kind, { error: ({ input }) => shaped(key, 'a list', `[${example}]`, input) })

const ROUTE_EXAMPLE = '{ to: 198.51.100.0/24, via: 192.0.2.254 }'
const RULE_EXAMPLE = '{ from: 192.0.2.100, table: 100 }'

/** What `addresses` and `excludedAddresses` hold. */
export const VirtualAddress = addressOr(AddressMap, 'addresses')

export const routerHoldingsKeys = {
  excludedAddresses: listOf('excludedAddresses', addressOr(AddressMap, 'excludedAddresses'), '192.0.2.101/24')
    .default([])
    .describe('Held while active, and not advertised; of either family.'),
  routes: listOf('routes', RouteMap, ROUTE_EXAMPLE).default([]).describe('Routes that exist while active.'),
  rules: listOf('rules', RuleMap, RULE_EXAMPLE)
    .default([])
    .describe('Routing rules that exist while active.'),
  lease: flag('lease')
    .default(true)
    .describe('Addresses vanish by themselves within 3 seconds when the agent is killed or frozen.'),
  promoteSecondaries: flag('promoteSecondaries')
    .default(false)
    .describe('The other addresses of a network stay when its first one goes.'),
  whenLost: choice('whenLost', ['mend', 'reelect'])
    .default('mend')
    .describe(
      'When somebody else removes what is held: put it back, or leave the role (as keepalived does).',
    ),
}

const withRouters = z
  .array(named('withRouters', 'web'))
  .default([])
  .describe('Virtual routers that do not stay active when it is lost.')

export const staticKeys = {
  static: z
    .strictObject(
      {
        addresses: listOf(
          'addresses',
          AddressMap.extend({ device: interfaceName('device').describe('The interface.'), withRouters }),
          ADDRESS_EXAMPLE,
        )
          .default([])
          .describe('Addresses, each with its device.'),
        routes: listOf('routes', RouteMap.extend({ withRouters }), ROUTE_EXAMPLE)
          .default([])
          .describe('Routes.'),
        rules: listOf('rules', RuleMap.extend({ withRouters }), RULE_EXAMPLE).default([]).describe('Rules.'),
      },
      { error: ({ input }) => shaped('static', 'a map', `{ routes: [${ROUTE_EXAMPLE}] }`, input) },
    )
    .optional()
    .describe('Held while the agent runs, whoever is active.'),
}

export type AddressDocument = z.infer<typeof VirtualAddress>
export type AddressMapDocument = z.infer<typeof AddressMap>
export type RouteDocument = z.infer<typeof RouteMap>
export type RuleDocument = z.infer<typeof RuleMap>
export type StaticDocument = z.infer<typeof staticKeys.static>

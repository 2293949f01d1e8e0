import { z } from 'zod'
import { AnnouncementGroups, Announcements } from './announcements-schema.ts'
import { bfdKeys, pairingKeys } from './bfd-schema.ts'
import { electionKeys, startupKeys } from './election-schema.ts'
import { routerHoldingsKeys, staticKeys, VirtualAddress } from './holdings-schema.ts'
import { interfaceName } from './interface-name.ts'
import { Notifications, Notify } from './notify-schema.ts'
import { writeRefusal } from './refusal.ts'
import { durationText, named, oneOf, shaped, text, wholeNumber } from './schema-parts.ts'
import { syncGroupKeys } from './sync-group-schema.ts'
import { routerTrackingKeys, trackingKeys } from './tracking-schema.ts'
import { transportKeys } from './transport-schema.ts'
import { firewallKeys, virtualLinkKeys } from './virtual-link-schema.ts'

/**
 * The config as it is written (design §3.2): the one source of what `aloft check` accepts and `aloft schema` prints.
 * It says what a key may hold by itself; what depends on two keys is in `rules.ts`.
 */

const InterfaceName = interfaceName('interface').describe(
  'Network interface that carries the advertisements and holds the addresses.',
)

const ROUTER_EXAMPLE = '{ name: web, interface: eth0, vrid: 51, addresses: [192.0.2.100/24] }'

const noAddress = writeRefusal({
  code: 'no-address',
  message: 'addresses is empty; a virtual router needs at least one address',
  hint: 'for example [192.0.2.100/24]',
})

const Preempt = z
  .union(
    [
      z.boolean(),
      z.strictObject({
        delay: durationText('delay', '30s').describe(
          'How long a better router waits after it hears the active before it takes over. 0s to 1000s.',
        ),
      }),
    ],
    { error: ({ input }) => preemptRefusal(input) },
  )
  .default(true)
  .describe('Whether a router of higher priority takes over from an active one of lower priority.')

function preemptRefusal(input: unknown): string {
  return oneOf('preempt', ['true', 'false', '{ delay: 30s }'], input)
}

const Authentication = z
  .strictObject(
    {
      type: z
        .literal(['simple', 'ah'], { error: ({ input }) => oneOf('type', ['simple', 'ah'], input) })
        .describe(
          '`simple` is the clear-text password of RFC 2338; it guards against mistakes, not attackers. `ah` signs each packet with it (RFC 2402, HMAC-MD5-96).',
        ),
      password: text({
        key: 'password',
        accepts: (value) => value.length > 0,
        wants: 'text of 1 to 8 bytes',
        example: 's3cret',
      }).describe('1 to 8 bytes; the same on every router of the group.'),
    },
    { error: ({ input }) => shaped('authentication', 'a map', '{ type: simple, password: s3cret }', input) },
  )
  .describe('VRRP version 2 only; version 3 has no authentication.')

export const VirtualRouterDocument = z.strictObject(
  {
    name: named('name', 'web').describe('Name of the virtual router, the same on every node of the site.'),
    interface: InterfaceName,
    vrid: wholeNumber('vrid', 1, 255).describe('Virtual router identifier, 1 to 255; unique on its LAN.'),
    version: z
      .literal([2, 3], { error: ({ input }) => oneOf('version', ['2', '3'], input) })
      .default(3)
      .describe('VRRP version: 3 (RFC 9568), or 2 (RFC 3768) to work with older routers.'),
    priority: wholeNumber('priority', 1, 255)
      .default(100)
      .describe('1 to 255, higher is preferred; 255 owns the addresses.'),
    advertisementInterval: durationText('advertisementInterval', '1s')
      .default('1s')
      .describe(
        'Time between advertisements. Version 3: 10ms to 40.95s in steps of 10ms. Version 2: whole seconds.',
      ),
    preempt: Preempt,
    addresses: z
      .array(VirtualAddress, {
        error: ({ input }) => shaped('addresses', 'a list', '[192.0.2.100/24]', input),
      })
      .min(1, { error: () => noAddress })
      .describe(
        'The virtual addresses, in the order they are advertised; at least one. Of both families, they are two virtual routers of one name.',
      ),
    authentication: Authentication.optional(),
    checksum: z
      .literal(['pseudo-header', 'message-only'], {
        error: ({ input }) => oneOf('checksum', ['pseudo-header', 'message-only'], input),
      })
      .default('pseudo-header')
      .describe(
        'Version 3 over IPv4: what sent checksums cover. `pseudo-header` is what keepalived and FRR send, `message-only` what RFC 9568 says. Both are accepted.',
      ),
    ...transportKeys,
    ...routerTrackingKeys,
    ...electionKeys,
    ...virtualLinkKeys,
    ...pairingKeys,
    ...routerHoldingsKeys,
    announcements: Announcements.optional(),
    notify: Notify.optional(),
  },
  { error: ({ input }) => shaped('a virtual router', 'a map', ROUTER_EXAMPLE, input) },
)
export type VirtualRouterDocument = z.infer<typeof VirtualRouterDocument>

export const AgentDocument = z
  .strictObject(
    {
      node: named('node', 'lb1').describe('Name of this host, unique at its site.'),
      virtualRouters: z
        .array(VirtualRouterDocument, {
          error: ({ input }) => shaped('virtualRouters', 'a list', `[${ROUTER_EXAMPLE}]`, input),
        })
        .describe('The virtual routers this host takes part in.'),
      ...trackingKeys,
      ...startupKeys,
      ...firewallKeys,
      ...syncGroupKeys,
      ...bfdKeys,
      ...staticKeys,
      announcementGroups: AnnouncementGroups.optional(),
      notifications: Notifications.optional(),
    },
    {
      error: ({ input }) =>
        shaped('an Aloft config', 'a map', '`node: lb1` and `virtualRouters: […]`', input),
    },
  )
  .describe('The config of one Aloft agent. Durations are text with a unit: 100ms, 1s, 5m, 1h, 1d.')
export type AgentDocument = z.infer<typeof AgentDocument>

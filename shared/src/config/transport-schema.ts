import { z } from 'zod'
import { parseAddress } from '../network/address.ts'
import { oneOf, shaped, text, wholeNumber } from './schema-parts.ts'
import { TRANSPORT_DEFAULTS } from './transport-config.ts'

/** How advertisements travel, as it is written. keepalived's own: keepalived-and-vrrp.md §1.5. */

const addressText = (key: string, example: string) =>
  text({ key, accepts: (value) => parseAddress(value) !== null, wants: 'an IP address', example })

const switchText = (key: string) => z.boolean({ error: ({ input }) => oneOf(key, ['true', 'false'], input) })

const ttl = (key: string) => wholeNumber(key, 0, 255)

const PEER_EXAMPLE = '{ address: 192.0.2.12, minTtl: 254 }'

const Peer = z.union(
  [
    addressText('peers', '192.0.2.12'),
    z.strictObject({
      address: addressText('address', '192.0.2.12').describe('The peer’s own address.'),
      minTtl: ttl('minTtl')
        .default(0)
        .describe('Advertisements that arrive with a smaller TTL are discarded.'),
      maxTtl: ttl('maxTtl')
        .default(255)
        .describe('Advertisements that arrive with a larger TTL are discarded.'),
    }),
  ],
  { error: ({ input }) => shaped('each of peers', 'an IP address or a map', PEER_EXAMPLE, input) },
)

const Unicast = z
  .strictObject(
    {
      peers: z
        .array(Peer, { error: ({ input }) => shaped('peers', 'a list', '[192.0.2.12]', input) })
        .describe('Addresses of all nodes; a node leaves out its own, so that one list serves all.'),
      ttl: wholeNumber('ttl', 1, 255).default(255).describe('TTL or hop limit of what is sent, 1 to 255.'),
      checkSource: switchText('checkSource')
        .default(false)
        .describe('Discard advertisements that come from nobody in `peers`.'),
      oldChecksum: z
        .literal(['detect', 'always', 'never'], {
          error: ({ input }) => oneOf('oldChecksum', ['detect', 'always', 'never'], input),
        })
        .default('detect')
        .describe(
          'Version 3 over IPv4: checksums as keepalived before 1.3.7 had them, over the multicast group instead of the peer. `detect` answers each peer as it speaks.',
        ),
    },
    { error: ({ input }) => shaped('unicast', 'a map', '{ peers: [192.0.2.12] }', input) },
  )
  .describe('Send to these peers instead of the multicast group.')

export const transportKeys = {
  multicastGroup: addressText('multicastGroup', '224.0.0.18')
    .optional()
    .describe('Another multicast group than 224.0.0.18 or ff02::12; the same on every node.'),
  unicast: Unicast.optional(),
  sourceAddress: addressText('sourceAddress', '192.0.2.11')
    .optional()
    .describe('Source address of the advertisements; default: the primary address of the interface.'),
  trackSourceAddress: switchText('trackSourceAddress')
    .default(false)
    .describe('Be in fault while the interface does not have `sourceAddress`.'),
  receiveBufferBytes: wholeNumber('receiveBufferBytes', 2_304, 1_073_741_823)
    .default(TRANSPORT_DEFAULTS.receiveBufferBytes)
    .describe('How much the kernel keeps for the socket while the router is busy; 2304 to 1073741823.'),
}

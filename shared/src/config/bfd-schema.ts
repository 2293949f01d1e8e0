import { z } from 'zod'
import { parseAddress } from '../network/address.ts'
import { PAIRING_DEFAULTS } from './bfd-config.ts'
import { durationText, named, oneOf, shaped, text, wholeNumber } from './schema-parts.ts'

/** What a config says about BFD: sessions of its own (`bfd`), and those between virtual routers (`pairing`). */

function hostAddress(key: string, example: string) {
  return text({ key, accepts: (value) => parseAddress(value) !== null, wants: 'an IP address', example })
}

function toggle(key: string) {
  return z.boolean({ error: ({ input }) => oneOf(key, ['true', 'false'], input) })
}

const SESSION_EXAMPLE = '{ name: core1, neighbor: 192.0.2.1 }'

const BfdSession = z.strictObject(
  {
    name: named('name', 'core1').describe('What trackers call the session.'),
    neighbor: hostAddress('neighbor', '192.0.2.1').describe('Address of the other end.'),
    source: hostAddress('source', '192.0.2.11')
      .optional()
      .describe('Address to send from; default: what the kernel chooses.'),
    interface: text({
      key: 'interface',
      accepts: (value) => /^[^\s/:]{1,15}$/.test(value),
      wants: 'the name of a network interface',
      example: 'eth0',
    })
      .optional()
      .describe('Single hop: interface the session runs over. Needed for a link-local neighbour.'),
    minTx: durationText('minTx', '50ms')
      .default('50ms')
      .describe('Shortest time between packets we send. 1ms to 1000s.'),
    minRx: durationText('minRx', '50ms')
      .default('50ms')
      .describe('Shortest time between packets we accept. 1ms to 1000s.'),
    idleTx: durationText('idleTx', '1s')
      .default('1s')
      .describe('Time between packets until the session is up; 1s or more (RFC 5880 §6.8.3).'),
    multiplier: wholeNumber('multiplier', 1, 255)
      .default(3)
      .describe('How many intervals of silence mean that we are gone, 1 to 255.'),
    passive: toggle('passive').default(false).describe('Waits until the neighbour speaks (RFC 5880 §6.1).'),
    multihop: toggle('multihop').default(false).describe('RFC 5883 over UDP port 4784, across routers.'),
    ttl: wholeNumber('ttl', 1, 255)
      .default(255)
      .describe('TTL or hop limit of what we send; 255 unless multihop.'),
    maxHops: wholeNumber('maxHops', 0, 254)
      .optional()
      .describe('Multihop: over how many routers a packet may have come; default: any number.'),
  },
  { error: ({ input }) => shaped('a BFD session', 'a map', SESSION_EXAMPLE, input) },
)
export type BfdSessionDocument = z.infer<typeof BfdSession>

const BfdSessions = z
  .array(BfdSession, { error: ({ input }) => shaped('bfd', 'a list', `[${SESSION_EXAMPLE}]`, input) })
  .default([])
  .describe('BFD sessions (RFC 5880, 5881, 5883) for trackers to follow.')

/** Of the whole agent. */
export const bfdKeys = { bfd: BfdSessions }

const Pairing = z
  .union(
    [
      z.boolean(),
      z.strictObject({
        interval: durationText('interval', '50ms')
          .default(`${PAIRING_DEFAULTS.intervalMs}ms`)
          .describe('Time between BFD packets, each way. 5ms to 1s.'),
        multiplier: wholeNumber('multiplier', 2, 50)
          .default(PAIRING_DEFAULTS.multiplier)
          .describe('How many intervals of silence mean that the active is gone, 2 to 50.'),
      }),
    ],
    {
      error: ({ input }) => oneOf('pairing', ['true', 'false', '{ interval: 50ms, multiplier: 3 }'], input),
    },
  )
  .default(true)
  .describe(
    'Whether a backup watches the active by BFD where the active answers, and takes over when it is silent for interval × multiplier.',
  )

/** Of a virtual router. */
export const pairingKeys = { pairing: Pairing }
export type PairingDocument = z.infer<typeof Pairing>

/** Somebody else on the LANs. Each packet of his is sound but for one thing, for which it must be refused. */
import { encodeControlPacket } from '@aloft/agent/bfd/packet'
import { chance, type Entropy, integer, pick } from '@aloft/agent/simulated/entropy'
import type { Frame, Lan } from '@aloft/agent/simulated/lan'
import { encodeAdvertisement } from '@aloft/agent/vrrp/advertisement'
import { authenticationOf } from '@aloft/agent/vrrp/authentication'
import { GROUP } from '@aloft/agent/vrrp/virtual-router'
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Address } from '@aloft/shared/network/address'
import { address, hostAddresses } from './addresses.ts'
import type { Node } from './node.ts'

/** Whom the stranger looks at: a virtual router, and where its host is. */
interface Victim {
  readonly router: VirtualRouterConfig
  readonly host: Address
  /** Another host, or the same. */
  readonly neighbour: Address
  readonly segment: number
}

interface Forgery {
  readonly text: string
  readonly frames: readonly Frame[]
}

type Forge = (victim: Victim, entropy: Entropy) => Forgery | null

const OWN_NUMBER = 66
const FLOOD = 40
const OFF_LINK = { ipv4: address('198.51.100.7'), ipv6: address('2001:db8:ffff::7') }

export class Stranger {
  readonly #lan: Lan

  constructor(lan: Lan, segments: readonly string[]) {
    this.#lan = lan
    for (const segment of segments) {
      lan.plug(
        portOn(segment),
        segment,
        () => {},
        () => false,
      )
    }
  }

  /** What to send, and what it is: as a router, and as a host with BFD. */
  plan(nodes: readonly Node[], entropy: Entropy): readonly { text: string; send: () => void }[] {
    // Whoever holds an address has more to lose.
    const holders = nodes.filter((each) => each.host.held().length > 0)
    const node = pick(entropy, holders.length > 0 && chance(entropy, 0.7) ? holders : nodes)
    const router = pick(entropy, node.routers)
    const { name, interface: interfaceName, family } = router
    const { segment } = node.host.description(interfaceName)
    const addressOf = (each: Node) => each.host.description(interfaceName)[family]
    const host = addressOf(node)
    const neighbour = addressOf(pick(entropy, nodes))
    if (!host || !neighbour) return []
    const victim = { router, host, neighbour, segment: Number(interfaceName.slice(3)) }
    return [VRRP_FORGERIES, BFD_FORGERIES].map((forgeries) => {
      const possible = forgeries.flatMap((forge) => forge(victim, entropy) ?? [])
      const { text, frames } = pick(entropy, possible)
      const send = () => {
        for (const frame of frames) this.#lan.send(portOn(segment), frame)
      }
      return { text: `stranger, ${text}, to ${node.name} ${name} ${family}`, send }
    })
  }
}

/** RFC 9568 §7.1: the TTL or hop limit must be 255. */
const fromBeyondTheLink: Forge = (victim, entropy) => {
  if (victim.router.unicast !== null) return null
  const packet = advertisement(victim, entropy, GROUP[victim.router.family])
  return { text: 'TTL 254', frames: [{ ...packet, ttl: 254 }] }
}

const fromNoPeer: Forge = (victim, entropy) => {
  if (!victim.router.unicast?.checkSource) return null
  return { text: 'from no peer', frames: [advertisement(victim, entropy, victim.host)] }
}

/** To the host where the router listens to the group; to the group where it listens to peers. */
const toTheWrongDestination: Forge = (victim, entropy) => {
  const { unicast, family } = victim.router
  const destination = unicast === null ? victim.host : GROUP[family]
  return { text: 'wrong destination', frames: [advertisement(victim, entropy, destination)] }
}

const garbled: Forge = (victim, entropy) => {
  const { unicast, family } = victim.router
  const packet = advertisement(victim, entropy, unicast === null ? GROUP[family] : victim.host)
  const payload = packet.payload.map((byte, i) => (i === packet.payload.length - 1 ? byte ^ 1 : byte))
  return { text: 'wrong checksum', frames: [{ ...packet, payload }] }
}

const bfdHello: Forge = (victim, entropy) => ({
  text: 'BFD',
  frames: [bfd(victim, entropy, {})],
})

const bfdFromOffLink: Forge = (victim, entropy) => ({
  text: 'BFD from off the link',
  frames: [bfd(victim, entropy, { source: OFF_LINK[victim.router.family] })],
})

const bfdFromBeyondTheLink: Forge = (victim, entropy) => ({
  text: 'BFD with TTL 254',
  frames: [bfd(victim, entropy, { ttl: 254 })],
})

const bfdToVirtualAddress: Forge = (victim, entropy) => {
  const [first] = victim.router.addresses
  if (first === undefined) return null
  return {
    text: 'BFD to the virtual address',
    frames: [bfd(victim, entropy, { destination: first.address })],
  }
}

const bfdFlood: Forge = (victim, entropy) => ({
  text: 'BFD flood',
  frames: Array.from({ length: FLOOD }, (_, i) => {
    const source = hostAddresses(victim.segment, OWN_NUMBER + 1 + i)[victim.router.family]
    return bfd(victim, entropy, { source })
  }),
})

/** In the name of a neighbour: a session may end by it, but nobody has been silent. */
const bfdInAnothersName: Forge = (victim, entropy) => ({
  text: `BFD as ${victim.neighbour}`,
  frames: [bfd(victim, entropy, { source: victim.neighbour })],
})

const VRRP_FORGERIES: readonly Forge[] = [fromBeyondTheLink, fromNoPeer, toTheWrongDestination, garbled]
const BFD_FORGERIES: readonly Forge[] = [
  bfdHello,
  bfdFromOffLink,
  bfdFromBeyondTheLink,
  bfdToVirtualAddress,
  bfdFlood,
  bfdInAnothersName,
]

/** Right in everything, and from the stranger's own address. */
function advertisement({ router, segment }: Victim, entropy: Entropy, destination: Address) {
  const { version, vrid, family, advertisementIntervalMs: intervalMs, authentication } = router
  const source = hostAddresses(segment, OWN_NUMBER)[family]
  const addresses = router.addresses.map((each) => each.address)
  const priority = pick(entropy, [0, 254, 255])
  const payload = encodeAdvertisement(
    { version, vrid, priority, intervalMs, addresses },
    { source, destination, authentication: authenticationOf(authentication), checksum: 'pseudo-header' },
  )
  return { kind: 'vrrp', family, source, destination, ttl: 255, payload } as const
}

interface BfdFlaw {
  readonly source?: Address
  readonly destination?: Address
  readonly ttl?: number
}

function bfd({ router, host, segment }: Victim, entropy: Entropy, flaw: BfdFlaw): Frame {
  const payload = encodeControlPacket({
    ...{ state: chance(entropy, 0.8) ? 'down' : 'admin-down', diagnostic: 0, poll: false, final: false },
    ...{ controlPlaneIndependent: false, demand: false, multiplier: 3 },
    ...{ myDiscriminator: integer(entropy, 1, 0xffff_ffff), yourDiscriminator: 0 },
    ...{ desiredMinTxUs: pick(entropy, [1_000_000, 30_000_000]), requiredMinRxUs: 1_000_000 },
    requiredMinEchoRxUs: 0,
  })
  const source = hostAddresses(segment, OWN_NUMBER)[router.family]
  return { kind: 'bfd', hops: 'single-hop', source, destination: host, ttl: 255, payload, ...flaw }
}

function portOn(segment: string): string {
  return `stranger/${segment}`
}

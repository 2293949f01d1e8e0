/** Says what a router's machine wants said, to the group or to each peer. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Address } from '@aloft/shared/network/address'
import { encodeAdvertisement } from '../../vrrp/advertisement.ts'
import { authenticationKey, authenticationOf } from '../../vrrp/authentication.ts'
import { signMessage } from '../../vrrp/authentication-header.ts'
import { groupOf } from '../../vrrp/transport-acceptance.ts'
import { GROUP } from '../../vrrp/virtual-router.ts'
import type { OutgoingPacket } from '../../world/links.ts'
import type { RouterWorld } from '../../world/router-world.ts'
import type { Instance } from './instance.ts'

/** RFC 9568 §5.1.1.3, §5.1.2.3. */
const TTL = 255

/** An advertisement as it goes out, once for each destination; the next one is nearly always the same. */
export interface Encoded {
  readonly priority: number
  readonly source: Address
  readonly packets: readonly OutgoingPacket[]
}

export function advertise(
  world: RouterWorld,
  instance: Instance,
  { priority, now }: { readonly priority: number; readonly now: number },
): void {
  const { config, source } = instance.parameters
  const { counters } = instance
  if (source === null) {
    counters.sendErrors++
    return
  }
  let isSent = false
  for (const packet of signed(world, instance, packetsOf(instance, priority, source), now)) {
    if (send(world, config, packet)) isSent = true
    else counters.sendErrors++
  }
  if (isSent) counters.advertisementsSent++
}

function send(
  { links, virtualLinks }: RouterWorld,
  config: VirtualRouterConfig,
  packet: OutgoingPacket,
): boolean {
  const isVirtual = config.virtualMac?.transmitFrom === 'virtual'
  return isVirtual ? virtualLinks.send(config, packet) : links.send(config.interface, packet)
}

function packetsOf(instance: Instance, priority: number, source: Address): readonly OutgoingPacket[] {
  const { encoded } = instance
  if (encoded !== null && encoded.priority === priority && encoded.source === source) return encoded.packets
  const group = groupOf(instance.config)
  const packets = (group === null ? instance.peers : [group]).map((destination) =>
    packetTo(instance, { priority, source, destination }),
  )
  instance.encoded = { priority, source, packets }
  return packets
}

function packetTo(
  instance: Instance,
  { priority, source, destination }: { priority: number; source: Address; destination: Address },
): OutgoingPacket {
  const { config } = instance
  const { version, vrid, advertisementIntervalMs: intervalMs, checksum } = config
  const addresses = config.addresses.map(({ address }) => address)
  const summed = isSummedTheOldWay(instance, destination) ? GROUP[config.family] : destination
  const payload = encodeAdvertisement(
    { version, vrid, priority, intervalMs, addresses },
    { source, destination: summed, authentication: authenticationOf(config.authentication), checksum },
  )
  return { source, destination, ttl: config.unicast?.ttl ?? TTL, payload }
}

/** The pseudo-header of keepalived before 1.3.7 has the group in it, even of what it sends to a peer. */
function isSummedTheOldWay({ config, oldPeers }: Instance, destination: Address): boolean {
  if (config.unicast === null || config.family === 'ipv6') return false
  return config.unicast.oldChecksum === 'always' || oldPeers.has(destination)
}

/** One sequence number serves all copies: each peer counts by itself (RFC 2402 §3.3.2). */
function signed(
  world: RouterWorld,
  instance: Instance,
  packets: readonly OutgoingPacket[],
  now: number,
): readonly OutgoingPacket[] {
  const { authentication } = instance.config
  if (authentication.type !== 'ah') return packets
  const sequence = (instance.sequence ?? firstSequence(world, now)) + 1
  instance.sequence = sequence
  const key = authenticationKey(authentication.password)
  return packets.map((packet) => signedPacket(packet, key, sequence))
}

function signedPacket(packet: OutgoingPacket, key: Uint8Array, sequence: number): OutgoingPacket {
  const identification = sequence & 0xffff || 1
  const payload = signMessage(packet.payload, { key, sequence, fields: { ...packet, identification } })
  return { ...packet, payload, authenticated: { identification } }
}

/** Eighths of a second since then fit 32 bits until 2040. */
const SEQUENCE_EPOCH_MS = Date.UTC(2023, 0, 1)
const SEQUENCE_STEP_MS = 125

/**
 * Beyond everything that this node has sent before, though nothing of it was kept: v2 sends about one a second, and
 * the clock counts eight. A recording has what was read (decision 0012).
 */
function firstSequence({ clock, recorder }: RouterWorld, now: number): number {
  const wallMs = clock.wallMs()
  recorder.record({ at: now, input: { kind: 'wall-clock', wallMs } })
  return Math.max(0, Math.floor((wallMs - SEQUENCE_EPOCH_MS) / SEQUENCE_STEP_MS)) >>> 0
}

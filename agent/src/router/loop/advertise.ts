/** Says what a router's machine wants said, to the group or to each peer. */
import type { Address } from '@aloft/shared/network/address'
import { encodeAdvertisement } from '../../vrrp/advertisement.ts'
import { authenticationOf } from '../../vrrp/authentication.ts'
import type { OutgoingPacket } from '../../world/links.ts'
import type { RouterWorld } from '../../world/router-world.ts'
import { groupOf } from './endpoints.ts'
import type { Instance } from './instance.ts'

/** RFC 9568 §5.1.1.3, §5.1.2.3. */
const TTL = 255

/** An advertisement as it goes out, once for each destination; the next one is nearly always the same. */
export interface Encoded {
  readonly priority: number
  readonly source: Address
  readonly packets: readonly OutgoingPacket[]
}

export function advertise({ links, virtualLinks }: RouterWorld, instance: Instance, priority: number): void {
  const { config, source } = instance.parameters
  const { counters } = instance
  if (source === null) {
    counters.sendErrors++
    return
  }
  const isVirtual = config.virtualMac?.transmitFrom === 'virtual'
  let isSent = false
  for (const packet of packetsOf(instance, priority, source)) {
    if (isVirtual ? virtualLinks.send(config, packet) : links.send(config.interface, packet)) isSent = true
    else counters.sendErrors++
  }
  if (isSent) counters.advertisementsSent++
}

function packetsOf(instance: Instance, priority: number, source: Address): readonly OutgoingPacket[] {
  const { encoded } = instance
  if (encoded !== null && encoded.priority === priority && encoded.source === source) return encoded.packets
  const packets = destinationsOf(instance).map((destination) =>
    packetTo(instance, { priority, source, destination }),
  )
  instance.encoded = { priority, source, packets }
  return packets
}

function destinationsOf({ config }: Instance): readonly Address[] {
  const group = groupOf(config)
  return group === null ? (config.unicast?.peers ?? []).map(({ address }) => address) : [group]
}

function packetTo(
  { config }: Instance,
  { priority, source, destination }: { priority: number; source: Address; destination: Address },
): OutgoingPacket {
  const { version, vrid, advertisementIntervalMs: intervalMs, checksum } = config
  const addresses = config.addresses.map(({ address }) => address)
  const payload = encodeAdvertisement(
    { version, vrid, priority, intervalMs, addresses },
    { source, destination, authentication: authenticationOf(config.authentication), checksum },
  )
  return { source, destination, ttl: config.unicast?.ttl ?? TTL, payload }
}

/** From what a raw socket hands out to what the loop takes. */
import type { Datagram } from '../world/links.ts'
import type { UndecodablePacket } from '../world/router-world.ts'
import { claimedSource, decodeIpv4Packet, hasIpv4Options } from './ipv4.ts'

const PROTOCOL_VRRP = 112
const PROTOCOL_AH = 51

/** Null: it is another protocol's. An authentication header does not say which options it covers, so none may be there. */
export function readIpv4Datagram(
  bytes: Uint8Array,
  { interfaceName, isAuthenticated }: { readonly interfaceName: string; readonly isAuthenticated: boolean },
): { readonly datagram: Datagram } | { readonly undecodable: UndecodablePacket } | null {
  const packet = decodeIpv4Packet(bytes)
  if (packet === null || (isAuthenticated && hasIpv4Options(bytes))) {
    return { undecodable: { interfaceName, family: 'ipv4', source: claimedSource(bytes) } }
  }
  const { source, destination, ttl, payload, identification, protocol } = packet
  if (protocol !== (isAuthenticated ? PROTOCOL_AH : PROTOCOL_VRRP)) return null
  const datagram = { interfaceName, family: 'ipv4', source, destination, ttl, payload } as const
  return { datagram: isAuthenticated ? { ...datagram, authenticated: { identification } } : datagram }
}

/**
 * The VRRP checksum: one's complement sum (RFC 1071) of the message, its checksum field taken as zero.
 *
 *   v2           message only, authentication data included (RFC 3768 §5.3.8)
 *   v3 over IPv6 pseudo-header and message (RFC 9568 §5.2.8)
 *   v3 over IPv4 message only says RFC 9568; RFC 5798 was read by keepalived and FRR as pseudo-header and message
 *
 * So over IPv4 v3 we send what keepalived and FRR accept unless told otherwise, and accept both.
 */
import { type Address, addressBytes } from '@aloft/shared/network/address'
import { foldCarries, onesComplementSum } from '../packets/ones-complement.ts'

/** `old-unicast`: to a peer, with the multicast group in the pseudo-header, as keepalived before 1.3.7 had it. */
export type ChecksumForm = 'pseudo-header' | 'message-only' | 'old-unicast'

/** Who sends the message to whom: what a pseudo-header is made of. */
export interface Endpoints {
  readonly source: Address
  readonly destination: Address
}

const VRRP_PROTOCOL = 112
const CHECKSUM_OFFSET = 6

/** Checksum of a message whose checksum field holds anything; `endpoints` null leaves the pseudo-header out. */
export function vrrpChecksum(message: Uint8Array, endpoints: Endpoints | null): number {
  const field = ((message[CHECKSUM_OFFSET] ?? 0) << 8) | (message[CHECKSUM_OFFSET + 1] ?? 0)
  const sum = onesComplementSum(message) + (~field & 0xffff) + pseudoHeaderSum(message.length, endpoints)
  return ~foldCarries(sum) & 0xffff
}

/** True when the message's checksum field is right for that form. */
export function isChecksumRight(message: Uint8Array, endpoints: Endpoints | null): boolean {
  return foldCarries(onesComplementSum(message) + pseudoHeaderSum(message.length, endpoints)) === 0xffff
}

/** The pseudo-headers of IPv4 and of IPv6 (RFC 8200 §8.1) differ in layout only: as sums they are one formula. */
function pseudoHeaderSum(length: number, endpoints: Endpoints | null): number {
  if (endpoints === null) return 0
  const addresses =
    onesComplementSum(addressBytes(endpoints.source)) + onesComplementSum(addressBytes(endpoints.destination))
  return addresses + VRRP_PROTOCOL + length
}

/** The frames that tell a LAN where addresses are now. */
import { readFileSync } from 'node:fs'
import { type Family, familyOf } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import { encodeGratuitousArp } from '../packets/arp.ts'
import { encodeUnsolicitedAdvertisement } from '../packets/neighbour-advertisement.ts'
import type { LinkNotice } from './rtnetlink.ts'

/** One frame for each address of the family, out of an interface with an Ethernet address. */
export function announcementsOf(
  { name, mac }: LinkNotice,
  family: Family,
  prefixes: readonly Prefix[],
): Uint8Array[] {
  const addresses = prefixes.map(({ address }) => address).filter((each) => familyOf(each) === family)
  if (addresses.length === 0) return []
  if (family === 'ipv4') return addresses.map((address) => encodeGratuitousArp({ mac, address }))
  const isRouter = isForwarding(name)
  return addresses.map((address) => encodeUnsolicitedAdvertisement({ mac, address, isRouter }))
}

function isForwarding(interfaceName: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv6/conf/${interfaceName}/forwarding`, 'utf8').trim() !== '0'
  } catch {
    // The interface is gone, or /proc is not there: a host, as most are.
    return false
  }
}

/**
 * From a datagram to the advertisement in it and the virtual router it is for, or why there is none. Remembers how far
 * each signing sender has counted, so that nothing signed is taken twice.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Address } from '@aloft/shared/network/address'
import { isLinkLocal } from '@aloft/shared/network/scope'
import type { DiscardReason } from '@aloft/shared/protocol/events'
import { type Decoded, decodeAdvertisement } from '../../vrrp/advertisement.ts'
import { authenticationKey } from '../../vrrp/authentication.ts'
import { isSignedWith, readSigned } from '../../vrrp/authentication-header.ts'
import { addresseeOf, isTtlPossible, journeyProblem } from '../../vrrp/transport-acceptance.ts'
import type { Advertisement } from '../../vrrp/virtual-router.ts'
import type { Datagram } from '../../world/links.ts'
import type { Followed } from './following.ts'
import { type Instance, keyOf, wireKey } from './instance.ts'

export interface Heard {
  /** Of the virtual router it is for. */
  readonly key: string
  readonly source: Address
  readonly decoded: Decoded
  /** How far its sender has counted; null when it is not signed. */
  readonly sequence: number | null
  /** Where the router it is for follows its sender: what to do when it comes again. */
  followed: Followed | null
}

export interface Refused {
  readonly refused: DiscardReason
  /** Of a packet that is sound, and for a virtual router that is not ours. */
  readonly foreign?: Pick<Advertisement, 'vrid' | 'priority'>
}

/** VRRP has nothing smaller, and a VRID has only 256 values: this many senders are more than any LAN has. */
const SENDERS_MAX = 4096

export class Reception {
  readonly #routers = new Map<string, VirtualRouterConfig[]>()
  /** The highest sequence number taken from each sender to each router. */
  readonly #counted = new Map<string, number>()

  /** From now on, packets are for these. */
  configure(routers: readonly VirtualRouterConfig[]): void {
    this.#routers.clear()
    for (const router of routers) {
      const key = wireKey(router.interface, router.family, router.vrid)
      this.#routers.set(key, [...(this.#routers.get(key) ?? []), router])
    }
  }

  read(datagram: Datagram): Heard | Refused {
    if (!isTtlPossible(datagram)) return { refused: 'ip-ttl' }
    const signed = datagram.authenticated === undefined ? null : readSigned(datagram.payload)
    if (datagram.authenticated !== undefined && signed === null) return { refused: 'truncated' }
    const decoded = decodeAdvertisement({ ...datagram, payload: signed?.message ?? datagram.payload })
    if ('malformed' in decoded) return { refused: decoded.malformed }

    const { interfaceName, family } = datagram
    const there = this.#routers.get(wireKey(interfaceName, family, decoded.advertisement.vrid))
    if (there === undefined) return { refused: 'vrid', foreign: decoded.advertisement }
    const router = addresseeOf(there, datagram)
    if (router === null) return { refused: 'destination' }
    const key = keyOf(router)
    const sequence = signed?.sequence ?? null
    const problem =
      journeyProblem(router, datagram, decoded) ?? this.#signatureProblem(router, datagram, sequence)
    if (problem !== null) return { refused: problem }
    return { key, source: datagram.source, decoded, sequence, followed: null }
  }

  /** RFC 2402 §3.4: the signature first, and only then what it vouches for: the sequence number. */
  #signatureProblem(
    { authentication, ...router }: VirtualRouterConfig,
    { source, destination, ttl, payload, authenticated }: Datagram,
    sequence: number | null,
  ): DiscardReason | null {
    const isSigned = authenticated !== undefined && sequence !== null
    if (isSigned !== (authentication.type === 'ah')) return 'authentication-type'
    if (!isSigned || authentication.type === 'none') return null
    const fields = { source, destination, ttl, identification: authenticated.identification }
    if (!isSignedWith(authenticationKey(authentication.password), payload, fields))
      return 'authentication-failure'
    const sender = `${keyOf({ authentication, ...router })} ${source}`
    if (sequence <= (this.#counted.get(sender) ?? -1)) return 'replay'
    if (this.#counted.size >= SENDERS_MAX) this.#counted.clear()
    this.#counted.set(sender, sequence)
    return null
  }
}

/** The VRID a packet seems to carry, for saying whose it may have been; null when it is too short for one. */
export function apparentVrid({ payload, authenticated }: Datagram): number | null {
  const message = authenticated === undefined ? payload : readSigned(payload)?.message
  return message?.[1] ?? null
}

/** What an accepted advertisement tells beside its content. */
export function noteHeard(instance: Instance, { source, decoded, sequence }: Heard): void {
  const { counters } = instance
  counters.advertisementsReceived++
  if (decoded.checksum === 'message-only') counters.checksumMessageOnly++
  else counters.checksumWithPseudoHeader++
  noteChecksum(instance, source, decoded)
  // keepalived counts all nodes of a group as one: who becomes active goes on from what it has heard.
  if (sequence !== null) instance.sequence = Math.max(sequence, instance.sequence ?? 0)
  const [first] = decoded.advertisement.addresses
  if (instance.config.family === 'ipv6' && first !== undefined && !isLinkLocal(first))
    counters.firstAddressNotLinkLocal++
}

/** A peer that speaks as keepalived before 1.3.7 did is answered so, until it does no more. */
function noteChecksum(instance: Instance, source: Address, { checksum }: Decoded): void {
  if (instance.config.unicast?.oldChecksum !== 'detect') return
  const isOld = checksum === 'old-unicast'
  if (isOld === instance.oldPeers.has(source)) return
  if (isOld) instance.oldPeers.add(source)
  else if (checksum === 'pseudo-header') instance.oldPeers.delete(source)
  instance.encoded = null
}

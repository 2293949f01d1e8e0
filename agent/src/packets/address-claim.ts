/**
 * What a frame says of where an address is: the sender of an ARP packet (RFC 826), the target of a neighbour
 * advertisement (RFC 4861 §4.4). And the programs that let nothing else through to a socket.
 */
import { type Address, addressBytes, addressFromBytes } from '@aloft/shared/network/address'

export interface Claim {
  readonly address: Address
  /** `02:00:00:00:00:01`. */
  readonly mac: string
}

const ARP_BYTES = 42
const SENDER_MAC = 22
const SENDER_IP = 28
const ADVERTISEMENT_BYTES = 78
const TARGET = 62
const NEIGHBOUR_ADVERTISEMENT = 136
const NEXT_HEADER_ICMPV6 = 58
const TARGET_LINK_LAYER_ADDRESS = 2
const ETHERNET_SOURCE = 6

/** Of a frame with EtherType ARP; null when it claims nothing (RFC 5227 §1.1: a probe has no sender address). */
export function claimInArp(frame: Uint8Array): Claim | null {
  if (frame.length < ARP_BYTES || frame[18] !== 6 || frame[19] !== 4) return null
  const ip = frame.subarray(SENDER_IP, SENDER_IP + 4)
  if (ip.every((byte) => byte === 0)) return null
  return { address: addressFromBytes(ip), mac: macText(frame, SENDER_MAC) }
}

/** Of a frame with EtherType IPv6, without extension headers; null when it is no neighbour advertisement of this link. */
export function claimInNeighbourAdvertisement(frame: Uint8Array): Claim | null {
  if (frame.length < ADVERTISEMENT_BYTES || frame[20] !== NEXT_HEADER_ICMPV6 || frame[21] !== 255) return null
  if (frame[54] !== NEIGHBOUR_ADVERTISEMENT) return null
  const hasOption = frame.length >= ADVERTISEMENT_BYTES + 8 && frame[78] === TARGET_LINK_LAYER_ADDRESS
  const address = addressFromBytes(frame.subarray(TARGET, TARGET + 16))
  return { address, mac: macText(frame, hasOption ? 80 : ETHERNET_SOURCE) }
}

export function macText(bytes: Uint8Array, at = 0): string {
  return [...bytes.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** struct sock_filter (linux/filter.h): code, jumps, operand. */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number]

const LOAD_WORD = 0x20
const LOAD_BYTE = 0x30
const JUMP_EQUAL = 0x15
const RETURN = 0x06
const WHOLE = 0xffff
/** The kernel takes 4096 instructions; what does not fit is not watched. */
const ARP_ADDRESSES_MAX = 2000
const IPV6_ADDRESSES_MAX = 440

/** Lets ARP packets through whose sender has one of the addresses. */
export function arpFilter(addresses: readonly Address[]): Uint8Array {
  const words = addresses.slice(0, ARP_ADDRESSES_MAX).map((address) => wordsOf(address)[0] ?? 0)
  return program([
    [LOAD_WORD, 0, 0, SENDER_IP],
    ...words.flatMap((word): Instruction[] => [
      [JUMP_EQUAL, 0, 1, word],
      [RETURN, 0, 0, WHOLE],
    ]),
    [RETURN, 0, 0, 0],
  ])
}

/** Lets neighbour advertisements through whose target is one of the addresses. */
export function neighbourAdvertisementFilter(addresses: readonly Address[]): Uint8Array {
  const nothing: Instruction = [RETURN, 0, 0, 0]
  return program([
    [LOAD_BYTE, 0, 0, 20],
    [JUMP_EQUAL, 1, 0, NEXT_HEADER_ICMPV6],
    nothing,
    [LOAD_BYTE, 0, 0, 54],
    [JUMP_EQUAL, 1, 0, NEIGHBOUR_ADVERTISEMENT],
    nothing,
    ...addresses.slice(0, IPV6_ADDRESSES_MAX).flatMap((address): Instruction[] => [
      ...wordsOf(address).flatMap((word, i): Instruction[] => [
        [LOAD_WORD, 0, 0, TARGET + 4 * i],
        // Past the rest of this address.
        [JUMP_EQUAL, 0, 7 - 2 * i, word],
      ]),
      [RETURN, 0, 0, WHOLE],
    ]),
    nothing,
  ])
}

function wordsOf(address: Address): number[] {
  const bytes = addressBytes(address)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i))
}

function program(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(8 * instructions.length)
  const view = new DataView(bytes.buffer)
  for (const [i, [code, jumpTrue, jumpFalse, operand]] of instructions.entries()) {
    view.setUint16(8 * i, code, LITTLE_ENDIAN)
    view.setUint8(8 * i + 2, jumpTrue)
    view.setUint8(8 * i + 3, jumpFalse)
    view.setUint32(8 * i + 4, operand, LITTLE_ENDIAN)
  }
  return bytes
}

/** Byte order of the structures the kernel reads: that of every processor this runs on. */
const LITTLE_ENDIAN = true

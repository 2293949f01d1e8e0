/**
 * BFD control packets (RFC 5880 §4.1). A packet that is wrong by itself is refused with the name of what is wrong, in
 * the order of §6.8.6; what depends on a session is the session's. There is no checksum: UDP has one.
 */

/** RFC 5880 §4.1 State, in the order of its numbers. */
export const STATES = ['admin-down', 'down', 'init', 'up'] as const
export type BfdState = (typeof STATES)[number]

/** RFC 5880 §4.1 Diagnostic, in the order of its numbers. */
export const DIAGNOSTICS = [
  'none',
  'detection-time-expired',
  'echo-failed',
  'neighbor-down',
  'forwarding-plane-reset',
  'path-down',
  'concatenated-path-down',
  'admin-down',
  'reverse-concatenated-path-down',
] as const
export type Diagnostic = (typeof DIAGNOSTICS)[number]

/** Intervals in microseconds, as on the wire. */
export interface ControlPacket {
  readonly state: BfdState
  /** 0 to 31; `DIAGNOSTICS` names those that have a name. */
  readonly diagnostic: number
  readonly poll: boolean
  readonly final: boolean
  readonly controlPlaneIndependent: boolean
  readonly demand: boolean
  readonly multiplier: number
  readonly myDiscriminator: number
  /** 0: the sender does not know ours. */
  readonly yourDiscriminator: number
  readonly desiredMinTxUs: number
  readonly requiredMinRxUs: number
  readonly requiredMinEchoRxUs: number
}

/** Why a packet is refused whatever session it might be of. */
export type Malformed =
  | 'truncated'
  | 'version'
  | 'length'
  | 'zero-multiplier'
  | 'multipoint'
  | 'zero-discriminator'
  | 'unknown-session'
  | 'authentication'

const VERSION = 1
const LENGTH = 24
const LENGTH_AUTHENTICATED = 26

const POLL = 0x20
const FINAL = 0x10
const INDEPENDENT = 0x08
const AUTHENTICATED = 0x04
const DEMAND = 0x02
const MULTIPOINT = 0x01

export function encodeControlPacket(packet: ControlPacket): Uint8Array {
  const bytes = new Uint8Array(LENGTH)
  const view = new DataView(bytes.buffer)
  bytes[0] = (VERSION << 5) | packet.diagnostic
  bytes[1] =
    (STATES.indexOf(packet.state) << 6) |
    (packet.poll ? POLL : 0) |
    (packet.final ? FINAL : 0) |
    (packet.controlPlaneIndependent ? INDEPENDENT : 0) |
    (packet.demand ? DEMAND : 0)
  bytes[2] = packet.multiplier
  bytes[3] = LENGTH
  view.setUint32(4, packet.myDiscriminator)
  view.setUint32(8, packet.yourDiscriminator)
  view.setUint32(12, packet.desiredMinTxUs)
  view.setUint32(16, packet.requiredMinRxUs)
  view.setUint32(20, packet.requiredMinEchoRxUs)
  return bytes
}

/** Reads the payload of a UDP datagram. No session here has authentication, so that a packet with it is refused. */
export function decodeControlPacket(bytes: Uint8Array): ControlPacket | { readonly malformed: Malformed } {
  const malformed = fault(bytes)
  if (malformed !== null) return { malformed }
  const [first = 0, flags = 0, multiplier = 0] = bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH)
  return {
    state: STATES[flags >> 6] ?? 'down',
    diagnostic: first & 0x1f,
    poll: (flags & POLL) !== 0,
    final: (flags & FINAL) !== 0,
    controlPlaneIndependent: (flags & INDEPENDENT) !== 0,
    demand: (flags & DEMAND) !== 0,
    multiplier,
    myDiscriminator: view.getUint32(4),
    yourDiscriminator: view.getUint32(8),
    desiredMinTxUs: view.getUint32(12),
    requiredMinRxUs: view.getUint32(16),
    requiredMinEchoRxUs: view.getUint32(20),
  }
}

/** RFC 5880 §6.8.6, what can be said without a session, in its order. */
function fault(bytes: Uint8Array): Malformed | null {
  const [first, flags = 0, multiplier, length = 0] = bytes
  if (first === undefined || bytes.length < LENGTH) return 'truncated'
  if (first >> 5 !== VERSION) return 'version'
  const isAuthenticated = (flags & AUTHENTICATED) !== 0
  if (length < (isAuthenticated ? LENGTH_AUTHENTICATED : LENGTH)) return 'length'
  if (length > bytes.length) return 'truncated'
  if (multiplier === 0) return 'zero-multiplier'
  if ((flags & MULTIPOINT) !== 0) return 'multipoint'
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH)
  if (view.getUint32(4) === 0) return 'zero-discriminator'
  // Who does not know our discriminator cannot have heard us: its session is not beyond Down.
  if (view.getUint32(8) === 0 && flags >> 6 > STATES.indexOf('down')) return 'unknown-session'
  return isAuthenticated ? 'authentication' : null
}

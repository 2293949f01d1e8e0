/**
 * VRRPv2 authentication (RFC 2338 §5.3.6): none, a simple password in clear, or an authentication header, which stands
 * outside of the message (`authentication-header.ts`). RFC 3768 took it out because it
 * keeps nobody out; it stays because sites use it to keep two clusters on one LAN apart. VRRPv3 has none.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'

export type AuthenticationConfig = VirtualRouterConfig['authentication']

/** The two fields of a v2 message as they are on the wire. */
export interface Authentication {
  readonly type: number
  readonly data: Uint8Array
}

/** Every v2 message carries so many bytes of authentication data, whatever its type. */
export const AUTHENTICATION_LENGTH = 8

const TYPE_NONE = 0
const TYPE_SIMPLE = 1
const TYPE_HEADER = 2

/** What a router so configured sends. A password's bytes beyond the eighth are not sent, as keepalived has it. */
export function authenticationOf(config: AuthenticationConfig): Authentication {
  const data = new Uint8Array(AUTHENTICATION_LENGTH)
  if (config.type === 'none') return { type: TYPE_NONE, data }
  if (config.type === 'ah') return { type: TYPE_HEADER, data }
  data.set(authenticationKey(config.password))
  return { type: TYPE_SIMPLE, data }
}

/** Why a received message fails a router's authentication; null when it passes. */
export function authenticationProblem(
  config: AuthenticationConfig,
  received: Authentication,
): 'authentication-type' | 'authentication-failure' | null {
  const expected = authenticationOf(config)
  if (received.type !== expected.type) return 'authentication-type'
  if (expected.type !== TYPE_SIMPLE) return null
  return isEqualInConstantTime(received.data, expected.data) ? null : 'authentication-failure'
}

/** A password as it is used: its first eight bytes. */
export function authenticationKey(password: string): Uint8Array {
  return Uint8Array.from(utf8(password).slice(0, AUTHENTICATION_LENGTH))
}

/** Takes as long for a near miss as for a far one, so that timing tells nothing about a password. */
export function isEqualInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length
  for (let i = 0; i < right.length; i++) difference |= (left[i] ?? 0) ^ (right[i] ?? 0)
  return difference === 0
}

/** The language alone has no encoder of bytes, but it has percent encoding, which is UTF-8 in hex. */
function utf8(text: string): number[] {
  const escaped = encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/gu, '\ufffd'))
  return Array.from(escaped.matchAll(/%([0-9A-F]{2})|./g), ([character, hex]) =>
    hex === undefined ? character.charCodeAt(0) : Number.parseInt(hex, 16),
  )
}

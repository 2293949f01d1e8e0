/**
 * BFD that starts by itself between the active and its backups (docs/decisions/0016-bfd-and-pairing.md): who is
 * answered, how long one goes on asking, and what a lost session is worth. Pure; the sessions are in `router/loop`.
 */
import { type Address, addressBytes, familyOf } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'

/**
 * Of several backups that lose the active in the same moment the best goes first, as Skew_Time has it in RFC 9568 §6.1,
 * spread over half an interval of the session: an active sends to all of its backups together, so that they lose it
 * within far less.
 */
export function lossSkewMs(priority: number, intervalMs: number): number {
  return ((256 - priority) / 256) * (intervalMs / 2)
}

/** How rarely one is asked that does not answer. */
const ASKED_RARELY_MS = 60_000

/** The time between packets to one that has not answered yet: a router without BFD is soon left alone. */
export function askingMs(askedForMs: number): number {
  if (askedForMs < 5_000) return 1_000
  return askedForMs < 60_000 ? 10_000 : ASKED_RARELY_MS
}

const DISTRUST_FIRST_MS = 30_000
const DISTRUST_MAX_MS = 3_600_000
const FORGIVEN_AFTER_MS = 24 * 3_600_000

/** What false alarms have cost a session: until when it is not believed. */
export interface Distrust {
  readonly falseAlarms: number
  readonly untilMs: number
}

export const TRUSTED: Distrust = { falseAlarms: 0, untilMs: Number.NEGATIVE_INFINITY }

/** After one more false alarm: half a minute, then four times as long each time, an hour at most. */
export function distrusted({ falseAlarms, untilMs }: Distrust, now: number): Distrust {
  const before = now - untilMs > FORGIVEN_AFTER_MS ? 0 : falseAlarms
  const forMs = Math.min(DISTRUST_MAX_MS, DISTRUST_FIRST_MS * 4 ** before)
  return { falseAlarms: before + 1, untilMs: now + forMs }
}

/** Sessions that others began, at most, and how fast: a hostile neighbour costs no more than that. */
export const ANSWERED_MAX = 32
const BURST = 10
const PER_SECOND = 5

/** A bucket of permissions to answer somebody new. */
export interface Allowance {
  readonly left: number
  readonly at: number
}

export const FULL_ALLOWANCE: Allowance = { left: BURST, at: 0 }

/** Null: not now. */
export function spend({ left, at }: Allowance, now: number): Allowance | null {
  const filled = Math.min(BURST, left + ((now - at) / 1_000) * PER_SECOND)
  return filled < 1 ? null : { left: filled - 1, at: now }
}

/** A neighbour that promises packets more rarely than any of us asks would hold its place for nothing. */
export function isTooSlow({ desiredMinTxUs }: { readonly desiredMinTxUs: number }): boolean {
  return desiredMinTxUs / 1_000 > ASKED_RARELY_MS
}

/** Whether an address is a neighbour on a link with these prefixes of our own; link-local IPv6 always is. */
export function isOnLink(address: Address, prefixes: readonly Prefix[]): boolean {
  const bytes = addressBytes(address)
  const [first = 0, second = 0] = bytes
  if (bytes.length === 16 && first === 0xfe && (second & 0xc0) === 0x80) return true
  return prefixes.some(
    (prefix) =>
      familyOf(prefix.address) === familyOf(address) &&
      sharesBits(bytes, addressBytes(prefix.address), prefix.prefixLength),
  )
}

function sharesBits(left: Uint8Array, right: Uint8Array, bits: number): boolean {
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (left[i] !== right[i]) return false
  const rest = bits & 7
  if (rest === 0) return true
  const mask = 0xff << (8 - rest)
  return (((left[whole] ?? 0) ^ (right[whole] ?? 0)) & mask & 0xff) === 0
}

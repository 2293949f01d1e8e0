/** Hostile packets through the whole receive path: IP header, message, acceptance, loop. */
import { encodeIpv4Packet } from '../../agent/src/packets/ipv4.ts'
import { readIpv4Datagram } from '../../agent/src/packets/ipv4-datagram.ts'
import { RepeatedPackets } from '../../agent/src/packets/repeated-packets.ts'
import { vrrpChecksum } from '../../agent/src/vrrp/checksum.ts'
import type { Datagram } from '../../agent/src/world/links.ts'
import { isRight } from './oracle.ts'
import { type Chance, chanceOf } from './random.ts'
import { EXAMPLES, type Target, target } from './targets.ts'

export interface FuzzResult {
  readonly cases: number
  /** Packets that turned out to be right, or another protocol's, and were not fed. */
  readonly harmless: number
  readonly undecodable: number
  /** How often each reason was given. */
  readonly discards: Readonly<Record<string, number>>
}

/** What the transport keeps of the packets it reads, as in ipv4-transport.ts, and the memory it reads them into. */
interface Receiver {
  readonly heard: RepeatedPackets<Datagram>
  readonly memory: Uint8Array
}

/** How many packets may pass before the states are compared; then each is looked for by itself. */
const BATCH = 256
/** The longest VRRP message there is, and a little more. */
const RANDOM_BYTES_MAX = 1_100

type Case =
  /** `isConfused`: it is not right, and was taken for one that is. */
  | { readonly datagram: Datagram; readonly isConfused?: boolean }
  | { readonly undecodable: { readonly source: Datagram['source'] | null } }

/** Throws with the seed and the packet when anything is thrown, or when any packet moved anything. */
export function fuzzReceivePath({ seed, cases }: { seed: number; cases: number }): FuzzResult {
  const chance = chanceOf(seed)
  const targets = [target('active'), target('backup')]
  const before = targets.map((each) => each.state())
  const receiver = receiverOf(EXAMPLES)
  let harmless = 0
  let undecodable = 0
  for (let done = 0; done < cases; done += BATCH) {
    const fed: Case[] = []
    for (let i = 0; i < Math.min(BATCH, cases - done); i++) {
      const made = hostile(chance, receiver)
      if (made === null || ('datagram' in made && !made.isConfused && isRight(made.datagram))) {
        harmless++
        continue
      }
      if ('undecodable' in made) undecodable++
      fed.push(made)
      feed(targets[i & 1], made, seed)
    }
    for (const [i, each] of targets.entries())
      if (each.state() !== before[i])
        throw new Error(`seed ${seed}, near case ${done}: ${culprit(fed, seed)}`)
  }
  return { cases, harmless, undecodable, discards: discardsOf(targets) }
}

function feed(into: Target | undefined, made: Case, seed: number): void {
  try {
    if ('datagram' in made) into?.loop.datagram(made.datagram)
    else into?.loop.undecodable({ interfaceName: 'eth0', family: 'ipv4', source: made.undecodable.source })
  } catch (error) {
    throw new Error(`seed ${seed}: ${textOf(made)} makes the loop throw: ${String(error)}`)
  }
}

/** Which of these packets moves a fresh target by itself. */
function culprit(fed: readonly Case[], seed: number): string {
  for (const role of ['active', 'backup'] as const) {
    for (const each of fed) {
      const fresh = target(role)
      const before = fresh.state()
      feed(fresh, each, seed)
      if (fresh.state() !== before) return `${textOf(each)} moves a router that is ${role}`
    }
  }
  return 'the state moved, by several packets together'
}

function textOf(made: Case): string {
  if ('undecodable' in made) return 'an undecodable packet'
  const { payload, ...rest } = made.datagram
  return JSON.stringify({ ...rest, payload: Buffer.from(payload).toString('hex') })
}

/** A packet made from what a peer really sends, or from nothing. Null: it is none for this router at all. */
function hostile(chance: Chance, receiver: Receiver): Case | null {
  const example = EXAMPLES[chance.below(EXAMPLES.length)]
  if (example === undefined) return null
  const payload = chance.below(8) === 0 ? noise(chance) : mutated(chance, example.payload)
  const datagram = resummed(chance, astray(chance, { ...example, payload }))
  if (datagram.family === 'ipv6') return { datagram }
  const bytes = packetOf(datagram)
  if (chance.below(4) === 0) flip(chance, bytes, Math.min(bytes.length, 24))
  const cut = chance.below(16) === 0 ? bytes.subarray(0, chance.below(bytes.length + 1)) : bytes
  return receive(chance, { ...receiver, bytes: cut, isAuthenticated: datagram.authenticated !== undefined })
}

/** What the peer really sends was received before. */
function receiverOf(examples: readonly Datagram[]): Receiver {
  const heard = new RepeatedPackets<Datagram>()
  for (const example of examples)
    if (example.family === 'ipv4' && example.authenticated === undefined)
      heard.keep(packetOf(example), example)
  return { heard, memory: new Uint8Array(2 * RANDOM_BYTES_MAX) }
}

/** Reads a packet somewhere in memory, among what earlier ones left there. */
function receive(
  chance: Chance,
  from: Receiver & { readonly bytes: Uint8Array; readonly isAuthenticated: boolean },
): Case | null {
  const { heard, memory, bytes, isAuthenticated } = from
  const read = readIpv4Datagram(bytes, { interfaceName: 'eth0', isAuthenticated })
  if (isAuthenticated || bytes.length > RANDOM_BYTES_MAX) return read
  const offset = chance.below(memory.length - bytes.length)
  memory.set(bytes, offset)
  const known = heard.recall(memory, offset, bytes.length)
  if (known === null) return read
  return { datagram: known, isConfused: !(read !== null && 'datagram' in read && isRight(read.datagram)) }
}

function packetOf({ source, destination, ttl, payload, authenticated }: Datagram): Uint8Array {
  const protocol = authenticated === undefined ? 112 : 51
  const identification = authenticated?.identification ?? 0
  return encodeIpv4Packet({ source, destination, ttl, protocol, trafficClass: 0xc0, identification }, payload)
}

function noise(chance: Chance): Uint8Array {
  return Uint8Array.from({ length: chance.below(chance.below(4) === 0 ? RANDOM_BYTES_MAX : 48) }, () =>
    chance.byte(),
  )
}

function mutated(chance: Chance, original: Uint8Array): Uint8Array {
  const longer = chance.below(6) === 0 ? chance.below(40) : 0
  const bytes = new Uint8Array(original.length + longer)
  bytes.set(original)
  for (let at = original.length; at < bytes.length; at++) bytes[at] = chance.byte()
  for (let n = chance.below(4); n > 0; n--) {
    const at = chance.below(bytes.length)
    bytes[at] = [0, 1, 0xff, chance.byte()][chance.below(4)] ?? 0
  }
  flip(chance, bytes, bytes.length)
  return chance.below(6) === 0 ? bytes.slice(0, chance.below(bytes.length + 1)) : bytes
}

function flip(chance: Chance, bytes: Uint8Array, within: number): void {
  for (let n = chance.below(4); n > 0 && within > 0; n--) {
    const at = chance.below(within)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8))
  }
}

/** From where, to where, and through how many routers it may have come. */
function astray(chance: Chance, datagram: Datagram): Datagram {
  switch (chance.below(6)) {
    case 0:
      return { ...datagram, ttl: chance.byte() }
    case 1:
      return { ...datagram, destination: other(chance, datagram).destination }
    case 2:
      return { ...datagram, source: other(chance, datagram).source }
    default:
      return datagram
  }
}

function other(chance: Chance, { family }: Datagram): Datagram {
  const alike = EXAMPLES.filter((each) => each.family === family)
  const found = alike[chance.below(alike.length)]
  if (found === undefined) throw new Error(`no example of ${family}`)
  return found
}

/** With the checksum right again, so that the checks behind it are reached. */
function resummed(chance: Chance, datagram: Datagram): Datagram {
  const { payload, source, destination, authenticated } = datagram
  if (authenticated !== undefined || payload.length < 8 || chance.below(2) === 0) return datagram
  const sum = vrrpChecksum(payload, chance.below(2) === 0 ? null : { source, destination })
  payload.set([sum >> 8, sum & 0xff], 6)
  return datagram
}

function discardsOf(targets: readonly Target[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { loop } of targets)
    for (const { reason, count } of loop.status().discards) counts[reason] = (counts[reason] ?? 0) + count
  return counts
}

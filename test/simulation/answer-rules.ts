/** To whom a node speaks BFD without having been told to (docs/decisions/0016-bfd-and-pairing.md). */
import { isOnLink } from '@aloft/agent/bfd/pairing'
import type { Deed } from '@aloft/agent/simulated/host'
import { isOwnAddress } from '@aloft/agent/world/links'
import { familyOf } from '@aloft/shared/network/address'
import { discriminatorsOf } from './bfd-frames.ts'
import { type Member, sourceOf, writtenOf } from './members.ts'
import type { Node, Run } from './node.ts'

type BfdDeed = Extract<Deed, { did: 'send-bfd' }>

/** Strangers that are answered: so many at once, and so many a second after that; so many sessions in all. */
const BURST = 10
const PER_SECOND = 5
const ANSWERED_MAX = 32
const TICK_MS = 0.01

/** What one process has said so far. */
interface Said {
  readonly discriminators: Set<number>
  readonly answeredAtMs: number[]
}

export class AnswerRules {
  readonly #members: readonly Member[]
  readonly #said = new WeakMap<Run, Said>()

  constructor(members: readonly Member[]) {
    this.#members = members
  }

  /** Of each session, the first packet. The rule that it breaks, in words; null when it breaks none. `isFollowed`: it is to an active that was heard. */
  brokenBy(node: Node, deed: BfdDeed, isFollowed: boolean): string | null {
    const { interfaceName, source, destination, ttl, payload } = deed
    const known = node.run && this.#said.get(node.run)?.discriminators
    if (known?.has(discriminatorsOf(payload).mine)) return null
    const link = node.host.state(interfaceName)
    if (ttl !== 255) return 'BFD leaves with a TTL of 255'
    if (!isOnLink(destination, link?.prefixes ?? [])) return 'BFD is spoken to neighbours on the link only'
    // The farewells of a process that was killed are its steward's.
    if (link === null || node.run === null) return null
    const said = this.#saidBy(node.run)
    said.discriminators.add(discriminatorsOf(payload).mine)
    if (isFollowed) return null
    return (
      this.#answerRule(node, deed, isOwnAddress(link, source)) ??
      this.#floodRule(node.run, said, node.clock.now())
    )
  }

  /** An active answers from where it advertises, and only where it pairs. */
  #answerRule(node: Node, { interfaceName, source, destination }: BfdDeed, isOwn: boolean): string | null {
    const family = familyOf(destination)
    const actives = this.#members.filter((member) => {
      const config = writtenOf(member)
      const isHere = member.node === node && config.interface === interfaceName && config.family === family
      return isHere && config.pairing !== null && member.role === 'active'
    })
    if (actives.length === 0) return 'only an active with pairing answers BFD'
    const isOwners = actives.some((member) => writtenOf(member).priority === 255)
    const isSource = actives.some((member) => sourceOf(member) === source)
    return isOwners || (isOwn && isSource) ? null : 'BFD is answered from the address that is advertised from'
  }

  #floodRule(run: Run, { answeredAtMs }: Said, atMs: number): string | null {
    answeredAtMs.push(atMs)
    for (const more of [1, 10]) {
      const beforeMs = answeredAtMs.at(-BURST - more)
      if (beforeMs !== undefined && atMs - beforeMs < (more * 1_000) / PER_SECOND - TICK_MS)
        return 'strangers are answered ten at once and five a second after that'
    }
    const answered = run.loop.status().bfd?.sessions.filter(({ passive }) => passive) ?? []
    return answered.length > ANSWERED_MAX ? 'no more than 32 strangers are answered' : null
  }

  #saidBy(run: Run): Said {
    const known = this.#said.get(run)
    if (known !== undefined) return known
    const said: Said = { discriminators: new Set(), answeredAtMs: [] }
    this.#said.set(run, said)
    return said
  }
}

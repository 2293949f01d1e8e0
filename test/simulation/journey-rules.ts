/** How advertisements travel: from where, to whom (RFC 9568 §5.1, docs/decisions/0012-transport.md). */
import type { Deed } from '@aloft/agent/simulated/host'
import { advertisesFrom, type Member, speaksTo } from './members.ts'

/** The rule that one packet breaks, in words; null when it breaks none. */
export function journeyBroken(member: Member, { source, destination, ttl }: Extract<Deed, { did: 'send' }>) {
  if (ttl !== 255) return 'advertisements leave with a TTL of 255'
  if (!advertisesFrom(member, source)) return `a router advertises from its own address (did from ${source})`
  if (destination === source) return 'nobody speaks to itself'
  return speaksTo(member, destination)
    ? null
    : 'advertisements go to the group, or to peers, and not to oneself'
}

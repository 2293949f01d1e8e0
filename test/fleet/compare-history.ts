/** The centre's history against the agents' own recordings, event by event. */
import { canonicalJson } from '@aloft/shared/config/canonical-json'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import { type DatabaseAddress, openDatabase } from '../../control-plane/src/database/client.ts'
import type { SimulatedAgent } from './simulated-agent.ts'

interface HeldEvent {
  readonly site: string
  readonly node: string
  readonly epoch: string
  readonly seq: string
  readonly wall_ms: number
  readonly mono_ms: number
  readonly boot_id: string
  readonly body: SpooledEvent['body']
}

export interface Comparison {
  readonly recorded: number
  readonly differences: readonly string[]
}

/** Of agents that observe nothing meanwhile. */
export async function compareHistory(
  address: DatabaseAddress,
  agents: readonly SimulatedAgent[],
): Promise<Comparison> {
  const { sql, close } = openDatabase(address, 1)
  const before = recordedBy(agents)
  try {
    const held = await sql<HeldEvent[]>`
      select s.name as site, a.node, e.epoch, e.seq, e.wall_ms, e.mono_ms, e.boot_id, e.body
      from events e join agents a on a.id = e.agent_id join sites s on s.id = a.site_id`
    const recorded = recordedBy(agents)
    if (recorded !== before)
      throw new Error('something was observed while history was read: nothing can be said of it')
    const byAgent = new Map<string, HeldEvent[]>()
    for (const event of held) {
      const name = `${event.site}/${event.node}`
      const own = byAgent.get(name) ?? []
      byAgent.set(name, own)
      own.push(event)
    }
    const known = new Set(agents.map(({ name }) => name))
    const strangers = [...byAgent.keys()]
      .filter((name) => !known.has(name))
      .map((name) => `${name} is nobody`)
    return {
      recorded,
      differences: [
        ...strangers,
        ...agents.flatMap((agent) => differencesOf(agent, byAgent.get(agent.name) ?? [])),
      ],
    }
  } finally {
    await close()
  }
}

function recordedBy(agents: readonly SimulatedAgent[]): number {
  return agents.reduce((sum, { node }) => sum + node.spool.recording.length, 0)
}

function differencesOf({ name, node }: SimulatedAgent, held: readonly HeldEvent[]): string[] {
  const { recording, epoch } = node.spool
  const differences: string[] = []
  const bySeq = new Map<number, HeldEvent>()
  for (const event of held) {
    const seq = Number(event.seq)
    if (event.epoch !== epoch)
      differences.push(`${name}: an event of epoch ${event.epoch}, which it never had`)
    else if (bySeq.has(seq)) differences.push(`${name}: event ${seq} is there twice`)
    else bySeq.set(seq, event)
  }
  for (const { seq, at, body } of recording) {
    const there = bySeq.get(seq)
    bySeq.delete(seq)
    if (there === undefined) {
      differences.push(`${name}: event ${seq} (${body.kind}) is missing`)
      continue
    }
    const observed = { wallMs: there.wall_ms, monoMs: there.mono_ms, bootId: there.boot_id }
    if (canonicalJson([observed, there.body]) !== canonicalJson([at, body]))
      differences.push(
        `${name}: event ${seq} was recorded as ${JSON.stringify(body)}, held as ${JSON.stringify(there.body)}`,
      )
  }
  for (const seq of bySeq.keys()) differences.push(`${name}: event ${seq} was never recorded`)
  return differences
}

import type { SpooledEvent } from '@aloft/shared/protocol/events'
import type { Transaction } from '../database/client.ts'
import type { EventKey } from '../database/schema/index.ts'
import {
  closeGaps,
  type GapRow,
  keepLastSeen,
  markRoutersOf,
  markTransitions,
  putGaps,
  putSightings,
  type Sighting,
} from './store-record.ts'

/** A new event as far as availability is concerned with it. */
export interface SeenEvent extends EventKey {
  readonly at: SpooledEvent['at']
  readonly occurredAtMs: number
  readonly body: SpooledEvent['body']
}

/**
 * Notes when agents were seen and which events are lost, and which sums of the past new events make untrue. The events
 * are in the order of their spools, and their transitions are recorded.
 */
export async function recordSightings(
  tx: Transaction,
  events: readonly SeenEvent[],
  nowMs: number,
): Promise<void> {
  const first = new Map(
    [...events].reverse().map((event) => [`${event.agentId}/${event.epoch}`, event] as const),
  )
  const spools = [...first.values()].map(({ agentId, epoch, occurredAtMs: atMs }) => ({
    agentId,
    epoch,
    atMs,
  }))
  const gaps = events.flatMap((event, i) => gapOf(event, events[i - 1]))
  const transitions = events
    .filter(({ body }) => body.kind === 'transition' || body.kind === 'resumed')
    .map(({ agentId, epoch, seq }) => ({ agentId, epoch, seq }))
  // At once, and in this order: see `ingest`.
  const [, lost, rebooted] = await Promise.all([
    closeGaps(tx, spools),
    gaps.length === 0 ? [] : putGaps(tx, gaps, nowMs),
    putSightings(tx, sightingsOf(events)),
    transitions.length === 0 ? null : markTransitions(tx, transitions),
  ])
  const changed = [...lost, ...rebooted]
  if (changed.length > 0) await markRoutersOf(tx, changed)
}

/** An agent connects and no longer has some of its events: nobody knows what happened until the first that it has. */
export async function recordMissing(
  tx: Transaction,
  missing: EventKey & { readonly events: number; readonly nowMs: number },
): Promise<void> {
  const { nowMs, ...key } = missing
  await markRoutersOf(
    tx,
    await putGaps(tx, [{ ...key, fromMs: null, toMs: null, cause: 'not-delivered' }], nowMs),
  )
}

/** Before the session of an agent is replaced. */
export const rememberLastSeen = keepLastSeen

function sightingsOf(events: readonly SeenEvent[]): readonly Sighting[] {
  const boots = new Map<string, Sighting>()
  for (const { agentId, at, occurredAtMs } of events) {
    const name = `${agentId} ${at.bootId}`
    const known = boots.get(name)
    boots.set(name, {
      agentId,
      bootId: at.bootId,
      firstMs: Math.min(known?.firstMs ?? occurredAtMs, occurredAtMs),
      lastMs: Math.max(known?.lastMs ?? occurredAtMs, occurredAtMs),
    })
  }
  return [...boots.values()]
}

/** The agent's own instants are corrected like those of the event that tells them. */
function gapOf(event: SeenEvent, before: SeenEvent | undefined): GapRow[] {
  const { agentId, epoch, seq, at, occurredAtMs, body } = event
  if (body.kind !== 'gap') return []
  const offsetMs = occurredAtMs - at.wallMs
  const follows = before?.agentId === agentId && before.epoch === epoch
  const fromMs =
    body.fromWallMs === null ? (follows ? before.occurredAtMs : null) : body.fromWallMs + offsetMs
  const toMs = body.toWallMs === null ? occurredAtMs : body.toWallMs + offsetMs
  const from = fromMs === null ? null : Math.min(fromMs, toMs)
  return [{ agentId, epoch, seq, fromMs: from, toMs, cause: body.cause, events: body.count }]
}

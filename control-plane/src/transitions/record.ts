import type { ResumedBody, SpooledEvent, TransitionBody } from '@aloft/shared/protocol/events'
import type { Transaction } from '../database/client.ts'
import { routerName, type TouchedRouter } from '../virtual-routers/observe.ts'
import { insertTransitions, type TransitionRow } from './store-record.ts'

/** An event as it was ingested. */
export interface IngestedEvent extends Omit<TransitionRow, 'virtualRouterId' | 'body'> {
  readonly siteId: string
  readonly body: SpooledEvent['body']
}

/** Those of the events that say which role a node had in one of these routers. */
export function transitionsOf(
  events: readonly IngestedEvent[],
  routers: readonly TouchedRouter[],
): readonly TransitionRow[] {
  const ids = new Map(routers.map((router) => [routerName(router), router.id] as const))
  return events.flatMap(({ siteId, body, ...event }): TransitionRow[] => {
    if (!saysRole(body)) return []
    const { virtualRouter: name, vrid, family } = body
    const virtualRouterId = ids.get(routerName({ siteId, name, vrid, family }))
    return virtualRouterId === undefined ? [] : [{ ...event, virtualRouterId, body }]
  })
}

export async function recordTransitions(tx: Transaction, rows: readonly TransitionRow[]): Promise<void> {
  if (rows.length > 0) await insertTransitions(tx, rows)
}

function saysRole(body: SpooledEvent['body']): body is TransitionBody | ResumedBody {
  return body.kind === 'transition' || body.kind === 'resumed'
}

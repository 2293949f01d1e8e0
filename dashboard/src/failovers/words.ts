import type { Event, Failover } from '@aloft/shared/api/schemas'

/** RFC 8347's names in a reader's words; the name itself stays in the row's data. */
const REASONS: Readonly<Record<Failover['reason'], string>> = {
  'no-response': 'the active fell silent',
  preempted: 'a better node took over',
  priority: 'the active resigned',
  shutdown: 'the active was shut down',
  startup: 'first election',
  'higher-priority-backup': 'yielded to a better node',
  'step-down': 'stepped down on request',
  'interface-up': 'interface came up',
  'interface-down': "the active's interface went down",
  'no-primary-ip-address': 'the active lost its address',
  'no-virtual-ip-addresses': 'the active was deprived of its virtual address',
  'no-peers': 'the active had no peers left',
  tracker: 'something tracked failed or recovered',
  'sync-group': 'its sync group moved',
  'holding-lost': 'something took its addresses or routes away',
  stall: 'the active had stalled',
  configuration: 'a config change',
}

export function describeReason(reason: Failover['reason']): string {
  return REASONS[reason]
}

function often(count: number): string {
  return count === 1 ? '' : `, ${count} times`
}

/** One line of evidence: what this node saw or did. */
export function describeEvidence({ body }: Event): string {
  if (body.kind === 'lan')
    return `saw on ${body.interface}: ${body.finding} of ${body.source}${often(body.count)}`
  if (body.kind === 'priority') return `priority ${body.from} → ${body.to} as ${body.role}`
  if (body.kind === 'notification-failed') return `could not notify ${body.channel}: ${body.detail}`
  if (body.kind !== 'transition') return body.kind
  const heard =
    body.heard === null
      ? ''
      : `; last heard ${body.heard.address} at priority ${body.heard.priority}, ${Math.round(body.heard.agoMs)} ms before`
  return `${body.from} → ${body.to} (${body.reason}) at priority ${body.priority}${heard}`
}

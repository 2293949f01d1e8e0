import type { Event, Failover } from '@aloft/shared/api/schemas'
import { useState } from 'react'
import { Ago, describeDuration } from '../design/instant.tsx'
import { describeEvidence, describeReason } from './words.ts'

interface FailoverRowProps {
  readonly failover: Failover
  /** It came while somebody was looking. What it was when it was first drawn, it stays. */
  readonly arrives: boolean
}

export function FailoverRow({ failover, arrives }: FailoverRowProps) {
  const [isNew] = useState(arrives)
  return (
    <li
      className={isNew ? 'failover failover-new' : 'failover'}
      data-failover={failover.id}
      data-reason={failover.reason}
    >
      <details>
        <summary>
          <span className="failover-what">
            <strong>
              {failover.site} / {failover.virtualRouter}
            </strong>
            <span className="hand-over">
              {failover.from ?? 'nobody'} <span aria-hidden="true">→</span>
              <span className="unseen"> to </span> {failover.to}
            </span>
          </span>
          <span className="failover-facts">
            <span className={failover.planned ? 'tag tag-planned' : 'tag'}>
              {failover.planned ? '◇ planned' : '◆ unplanned'}
            </span>
            <span>{describeReason(failover.reason)}</span>
            <span className="gap">{describeGap(failover)}</span>
            {failover.late && (
              <span className="tag" title={`received ${failover.receivedAt}`}>
                reported late
              </span>
            )}
            <span className="quiet">
              <Ago at={failover.occurredAt} errorMs={failover.occurredAtErrorMs} />
            </span>
          </span>
        </summary>
        <Evidence events={failover.evidence} />
      </details>
    </li>
  )
}

function describeGap({ outageMs }: Failover): string {
  return outageMs === null ? 'gap unknown' : `gap ${describeDuration(outageMs)}`
}

function Evidence({ events }: { readonly events: readonly Event[] }) {
  return (
    <ul className="evidence">
      {events.map((event) => (
        <li key={event.id}>
          <time dateTime={event.occurredAt}>{new Date(event.occurredAt).toISOString().slice(11, 23)}</time>
          <strong>{event.node}</strong>
          <span>{describeEvidence(event)}</span>
          {event.late && <span className="tag">late</span>}
        </li>
      ))}
      {events.length === 0 && <li className="quiet">No evidence was kept.</li>}
    </ul>
  )
}

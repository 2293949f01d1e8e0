import { useMemo } from 'react'
import { useFailovers } from '../live/fleet.ts'
import { byTimeDescending } from '../live/upsert.ts'
import { FailoverRow } from './failover-row.tsx'

export function Timeline() {
  const { data, error } = useFailovers()
  const newestFirst = useMemo(() => [...(data ?? [])].sort(byTimeDescending), [data])
  return (
    <section className="timeline" aria-label="Failovers">
      <h2>Failovers</h2>
      {error !== null && data === undefined && (
        <p className="problem">▲ The history could not be loaded: {error.message}</p>
      )}
      {data !== undefined && newestFirst.length === 0 && <NothingYet />}
      <ol>
        {newestFirst.map((failover) => (
          <FailoverRow key={failover.id} failover={failover} />
        ))}
      </ol>
    </section>
  )
}

function NothingYet() {
  return (
    <div className="empty">
      <p>No failover has been recorded yet.</p>
      <p className="quiet">
        In the demo, make one: <code>npx aloft demo fail SITE/NODE</code>
      </p>
    </div>
  )
}

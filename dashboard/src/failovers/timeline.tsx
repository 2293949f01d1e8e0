import { useEffect, useMemo, useState } from 'react'
import { useFailovers } from '../live/fleet.ts'
import { byTimeDescending } from '../live/upsert.ts'
import { FailoverRow } from './failover-row.tsx'

export function Timeline() {
  const { data, error } = useFailovers()
  const newestFirst = useMemo(() => [...(data?.items ?? [])].sort(byTimeDescending), [data])
  // What is there at first is no news; only what comes after it is shown to arrive.
  const [settled, setSettled] = useState(false)
  useEffect(() => setSettled(data !== undefined), [data])
  return (
    <section className="timeline" aria-label="Failovers">
      <h2>Failovers</h2>
      {error !== null && data === undefined && (
        <p className="problem">▲ The history could not be loaded: {error.message}</p>
      )}
      {data !== undefined && newestFirst.length === 0 && <NothingYet />}
      <ol>
        {newestFirst.map((failover) => (
          <FailoverRow key={failover.id} failover={failover} arrives={settled} />
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

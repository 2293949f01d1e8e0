import type { Site } from '@aloft/shared/api/schemas'
import { useMemo, useState } from 'react'
import { useAgents, useSites, useVirtualRouters } from '../live/fleet.ts'
import { SiteCard } from './site-card.tsx'
import { worstFirst } from './worst-first.ts'

/** How many sites are drawn at once: a browser holds thousands in memory, but should not lay them all out. */
const SHOWN_AT_FIRST = 50

export function SiteList() {
  const asked = { sites: useSites(), agents: useAgents(), routers: useVirtualRouters() }
  const [sites, agents, routers] = [asked.sites.data, asked.agents.data, asked.routers.data]
  const [shown, setShown] = useState(SHOWN_AT_FIRST)
  const agentsOf = useMemo(() => groupBySite(agents?.items ?? []), [agents])
  const routersOf = useMemo(() => groupBySite(routers?.items ?? []), [routers])
  const ordered = useMemo(() => [...(sites?.items ?? [])].sort(worstFirst), [sites])
  if (sites?.items.length === 0) return <NoSites />
  // A site whose nodes are not known yet is not one without nodes.
  const missing = Object.values(asked).filter(({ data }) => data === undefined)
  if (missing.length > 0) return <NotYet error={missing.find(({ error }) => error !== null)?.error ?? null} />
  return (
    <section className="sites" aria-label="Sites">
      <h2>Sites</h2>
      {ordered.slice(0, shown).map((site: Site) => (
        <SiteCard
          key={site.id}
          site={site}
          agents={agentsOf.get(site.name) ?? []}
          routers={routersOf.get(site.name) ?? []}
        />
      ))}
      {ordered.length > shown && (
        <button type="button" onClick={() => setShown(shown + SHOWN_AT_FIRST)}>
          Show more ({ordered.length - shown} left)
        </button>
      )}
    </section>
  )
}

function groupBySite<T extends { readonly site: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(item.site)
    if (group === undefined) groups.set(item.site, [item])
    else group.push(item)
  }
  return groups
}

function NotYet({ error }: { readonly error: Error | null }) {
  if (error === null) return <section className="sites" aria-busy="true" aria-label="Sites" />
  return (
    <section className="sites" aria-label="Sites">
      <h2>Sites</h2>
      <p className="problem">
        ▲ What the sites are could not be loaded, and is asked for again: {error.message}
      </p>
    </section>
  )
}

function NoSites() {
  return (
    <section className="sites empty" aria-label="Sites">
      <h2>No sites yet</h2>
      <p>A site appears with the first enrolment token made for it:</p>
      <pre>npx aloft token create --site my-site</pre>
      <p>Run the command it prints on a node, and its virtual routers show up here.</p>
    </section>
  )
}

import type { Agent, VirtualRouter } from '@aloft/shared/api/schemas'
import type { ReactNode } from 'react'
import { AgentBadge } from '../design/agent-badge.tsx'
import { AGENT_LOOKS, type Look, ROUTER_LOOKS } from '../design/looks.ts'
import { StateBadge } from '../design/state-badge.tsx'

/** What each state means and what is to be done about it. Closed until somebody asks. */
export function Legend() {
  const agents = Object.entries(AGENT_LOOKS) as [Agent['state'], Look][]
  const routers = Object.entries(ROUTER_LOOKS) as [VirtualRouter['state'], Look][]
  return (
    <details className="legend">
      <summary>What the states mean</summary>
      <div className="legend-lists">
        <section aria-label="States of agents">
          <h3>Agents</h3>
          <dl>
            {agents.map(([state, look]) => (
              <Entry key={state} badge={<AgentBadge state={state} />} look={look} />
            ))}
          </dl>
        </section>
        <section aria-label="States of virtual routers">
          <h3>Virtual routers</h3>
          <dl>
            {routers.map(([state, look]) => (
              <Entry key={state} badge={<StateBadge state={state} />} look={look} />
            ))}
          </dl>
        </section>
      </div>
    </details>
  )
}

function Entry({ badge, look }: { readonly badge: ReactNode; readonly look: Look }) {
  return (
    <div>
      <dt>{badge}</dt>
      <dd>
        {look.meaning}. <span className="quiet">{look.remedy}</span>
      </dd>
    </div>
  )
}

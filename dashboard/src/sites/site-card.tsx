import type { Agent, Site, VirtualRouter } from '@aloft/shared/api/schemas'
import { AgentBadge } from '../design/agent-badge.tsx'
import { Ago } from '../design/instant.tsx'
import { RoleBadge } from '../design/role-badge.tsx'
import { StateBadge } from '../design/state-badge.tsx'
import { useRoom } from './room.ts'

interface SiteCardProps {
  readonly site: Site
  readonly agents: readonly Agent[]
  readonly routers: readonly VirtualRouter[]
}

/** One site: its virtual routers as rows, its nodes as columns, each cell the node's part in the router. */
export function SiteCard({ site, agents, routers }: SiteCardProps) {
  const nodes = [...agents].sort((a, b) => a.node.localeCompare(b.node))
  return (
    <article className="site" data-site={site.name}>
      <header>
        <h3>{site.name}</h3>
        <span className="quiet">
          {site.agents.connected} of {site.agents.total} agents connected
          {site.lastFailoverAt !== null && (
            <>
              {' · last failover '}
              <Ago at={site.lastFailoverAt} />
            </>
          )}
        </span>
      </header>
      {routers.length === 0 ? (
        <NoRouters agents={nodes} />
      ) : (
        <Matrix key={nodes.length} nodes={nodes} routers={routers} />
      )}
    </article>
  )
}

function Matrix({
  nodes,
  routers,
}: {
  readonly nodes: readonly Agent[]
  readonly routers: readonly VirtualRouter[]
}) {
  const { box, isTooNarrow } = useRoom()
  const rows = [...routers].sort((a, b) => a.name.localeCompare(b.name) || a.vrid - b.vrid)
  return (
    <div ref={box} className={isTooNarrow ? 'stacked' : 'scroll'}>
      <table>
        <thead>
          <tr>
            <th scope="col" className="heading">
              Virtual router
            </th>
            <th scope="col" className="heading">
              State
            </th>
            {nodes.map((node) => (
              <NodeHeading key={node.id} agent={node} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((router) => (
            <tr key={router.id} data-router={router.name}>
              <th scope="row">
                {router.name}
                <span className="quiet small">
                  VRID {router.vrid} · {router.addresses.join(', ')}
                </span>
              </th>
              <td className="cell-state">
                <StateBadge state={router.state} />
                <Witness router={router} />
              </td>
              {nodes.map((node) => (
                <Cell key={node.id} router={router} agent={node} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function NodeHeading({ agent }: { readonly agent: Agent }) {
  const seen = agent.state === 'connected'
  return (
    <th scope="col">
      {agent.node}
      <span className="small">
        <AgentBadge state={agent.state} agent={agent} />
        {!seen && agent.lastSeenAt !== null && (
          <span className="seen">
            seen <Ago at={agent.lastSeenAt} />
          </span>
        )}
      </span>
    </th>
  )
}

/** By whose word it is served, where the active cannot say so itself. */
function Witness({ router: { witness, active } }: { readonly router: VirtualRouter }) {
  if (witness === null) return null
  const { node, address, at } = witness
  return (
    <span
      className="quiet small witness"
      title={`${node} hears ${address}, as of ${new Date(at).toLocaleString()}`}
    >
      {node} hears {active ?? `${address}, a stranger`}
    </span>
  )
}

function Cell({ router, agent }: { readonly router: VirtualRouter; readonly agent: Agent }) {
  const member = router.members.find(({ agentId }) => agentId === agent.id)
  return (
    <td data-node={agent.node} data-role={member === undefined ? 'none' : (member.role ?? 'unknown')}>
      <span className="cell-node quiet" aria-hidden="true">
        {agent.node}
      </span>
      {member === undefined ? (
        <span className="quiet" title={`${agent.node} takes no part in ${router.name}`}>
          –
        </span>
      ) : (
        <RoleBadge member={member} />
      )}
    </td>
  )
}

function NoRouters({ agents }: { readonly agents: readonly Agent[] }) {
  return (
    <p className="quiet">
      {agents.length === 0
        ? 'No agent has enrolled here yet. Start one with the token made for this site.'
        : 'No virtual router reported yet. They appear once an agent has connected and sent its state.'}
    </p>
  )
}

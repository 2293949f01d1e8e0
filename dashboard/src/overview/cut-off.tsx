import { ITEMS_MAX } from '../api/client.ts'
import { useAgents, useSites, useVirtualRouters } from '../live/fleet.ts'

/** Says so where the fleet is larger than what this page holds of it: its sums are not those of the fleet then. */
export function CutOff() {
  const held = [useSites().data, useAgents().data, useVirtualRouters().data]
  if (held.every((list) => list?.isWhole !== false)) return null
  const { sites, agents, virtualRouters } = ITEMS_MAX
  return (
    <p className="problem">
      ▲ This fleet is larger than what this page holds of it: {sites.toLocaleString()} sites,{' '}
      {agents.toLocaleString()} agents and {virtualRouters.toLocaleString()} virtual routers at most. What is
      beyond is neither shown nor counted here. <code>aloft sites</code>, <code>aloft agents</code> and{' '}
      <code>aloft virtual-routers</code> list all of it.
    </p>
  )
}

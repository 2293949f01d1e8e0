/** What is held, as `ip` would print it, as far as people need to know which one is meant. */
import type { Route, RoutingRule } from '@aloft/shared/config/holdings-config'
import { formatPrefix } from '@aloft/shared/network/prefix'
import type { HeldItem } from './holdings.ts'

export function describeHeld(item: HeldItem): string {
  if (item.kind === 'address') return `${formatPrefix(item.address)} dev ${item.address.device}`
  return item.kind === 'route' ? describeRoute(item.route) : describeRule(item.rule)
}

function describeRoute({ type, to, via, device, table, metric, nexthops }: Route): string {
  const words = type === 'unicast' ? [formatPrefix(to)] : [type, formatPrefix(to)]
  if (via !== undefined) words.push(`via ${via}`)
  if (device !== undefined) words.push(`dev ${device}`)
  for (const hop of nexthops ?? []) words.push(`nexthop ${hop.via ?? hop.device ?? ''}`)
  if (table !== 254) words.push(`table ${table}`)
  if (metric > 0) words.push(`metric ${metric}`)
  return words.join(' ')
}

function describeRule({ priority, from, to, action, table, mark }: RoutingRule): string {
  const words = [`priority ${priority}`]
  if (from !== undefined) words.push(`from ${formatPrefix(from)}`)
  if (to !== undefined) words.push(`to ${formatPrefix(to)}`)
  if (mark !== undefined) words.push(`fwmark ${mark.value}`)
  words.push(action === 'table' ? `lookup ${table ?? 254}` : action)
  return words.join(' ')
}

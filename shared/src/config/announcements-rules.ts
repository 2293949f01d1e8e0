import { formatDuration } from '../time/duration.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import type { Finding } from './diagnostic.ts'

/** What depends on several keys of announcements; `key` is the path from the virtual router. */

const ALSO_ON_INTERVAL_MAX_MS = 86_400_000

interface RouterFinding extends Omit<Finding, 'path'> {
  readonly key: readonly (string | number)[]
}
type Written = { readonly announcements?: { readonly refreshRepeat?: unknown } | undefined }

export function announcementRules(document: Written, router: VirtualRouterConfig): readonly RouterFinding[] {
  const { announcements, interface: own } = router
  const { alsoOn, alsoOnIntervalMs, refreshMs } = announcements
  const findings: RouterFinding[] = []
  const add = (
    severity: 'error' | 'warning',
    code: string,
    key: string | readonly (string | number)[],
    message: string,
    hint: string,
  ) => findings.push({ severity, code, key: ['announcements', ...[key].flat()], message, hint, at: 'value' })
  if (alsoOnIntervalMs > ALSO_ON_INTERVAL_MAX_MS)
    add(
      'error',
      'out-of-range',
      'alsoOnInterval',
      `alsoOnInterval must be from 0s to 1d, not ${formatDuration(alsoOnIntervalMs)}`,
      'write 1d or less',
    )
  if (alsoOnIntervalMs > 0 && alsoOn.length === 0)
    add(
      'warning',
      'announcement-interfaces',
      'alsoOnInterval',
      'alsoOnInterval has no effect without alsoOn',
      'name the interfaces in alsoOn, or remove it',
    )
  if (document.announcements?.refreshRepeat !== undefined && refreshMs === 0)
    add(
      'warning',
      'announcement-refresh',
      'refreshRepeat',
      'refreshRepeat has no effect without refresh',
      'write refresh: 60s, or remove it',
    )
  if (alsoOn.includes(own))
    add(
      'warning',
      'announcement-interfaces',
      ['alsoOn', alsoOn.indexOf(own)],
      `${own} hears every announcement anyway`,
      'remove it from alsoOn',
    )
  return findings
}

/** An interface is in one group. Of a document whose shape may still be wrong. */
export function announcementGroupRules(document: {
  readonly announcementGroups?: unknown
}): readonly Finding[] {
  const all = listOf(document.announcementGroups).flatMap((group, i) =>
    listOf(interfacesOf(group)).map((name, j) => ({
      name,
      path: ['announcementGroups', i, 'interfaces', j],
    })),
  )
  return all.flatMap(({ name, path }, i): Finding[] => {
    if (typeof name !== 'string' || all.findIndex((other) => other.name === name) === i) return []
    const message = `${name} is in an announcement group already`
    const hint = 'an interface keeps the pace of one group'
    return [{ severity: 'error', code: 'duplicate-group-interface', message, hint, path, at: 'value' }]
  })
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function interfacesOf(group: unknown): unknown {
  return typeof group === 'object' && group !== null && 'interfaces' in group ? group.interfaces : null
}

import type { VirtualRouter } from '@aloft/client/api.generated'
import type { Command } from 'commander'
import { refuseAbsent } from './absent.ts'
import {
  connectFleet,
  type FleetOptions,
  isFiltered,
  printJson,
  wholeNumber,
  withFleetOptions,
} from './fleet-command.ts'
import { showAgo } from './instant.ts'
import { formatTable, orDash } from './table.ts'

interface VirtualRoutersOptions extends FleetOptions {
  readonly site?: string
  readonly name?: string
  readonly vrid?: number
  readonly family?: string
  readonly state?: string
}

export function mountVirtualRouters(program: Command): void {
  const command = program
    .command('virtual-routers')
    .description('list the virtual routers, who is active and who stands by')
    .option('--site <site>', 'of one site only')
    .option('--name <name>', 'of this name only')
    .option('--vrid <vrid>', 'of one VRID only', wholeNumber(1, 255))
    .option('--family <family>', 'ipv4 or ipv6 only')
    .option('--state <state>', 'in this state only: served, split-brain, no-active, unknown')
  withFleetOptions(command).action(showVirtualRouters)
}

async function showVirtualRouters(options: VirtualRoutersOptions): Promise<void> {
  const client = await connectFleet(options)
  const { site, name, vrid, family, state } = options
  // The API says what there is when it is none of them.
  const narrow = { family: family as VirtualRouter['family'], state: state as VirtualRouter['state'] }
  const query = { site, name, vrid, ...narrow }
  const routers = await client.list('GET /api/v1/virtual-routers', Number.POSITIVE_INFINITY, { query })
  if (routers.items.length === 0) await refuseAbsent(client, { site, 'virtual-router': name })
  if (options.json) return printJson(routers)
  if (routers.items.length === 0) {
    return console.log(
      isFiltered(query)
        ? 'No virtual router matches. `aloft virtual-routers` without filters lists them all.'
        : 'No virtual router yet. One appears here when an enrolled agent runs it; see `aloft agents`.',
    )
  }
  const now = Date.now()
  const headings = [
    ...['SITE', 'NAME', 'VRID', 'STATE', 'ACTIVE'],
    { title: 'NODES', soft: 30 },
    { title: 'ADDRESSES', soft: 15 },
    { title: 'LAST FAILOVER', spare: 1 },
  ] as const
  console.log(
    formatTable(
      headings,
      routers.items.map((router) => row(router, now)),
    ),
  )
  for (const router of routers.items) {
    // A centre of an older release does not say.
    if (router.witness) console.log(byWhom(router, router.witness, now))
  }
}

/** Served by what a backup hears: the active does not speak itself, and may be none of ours. */
function byWhom(
  router: VirtualRouter,
  witness: NonNullable<VirtualRouter['witness']>,
  nowMs: number,
): string {
  const { site, name, active } = router
  const { node, address, at } = witness
  const who = active === null ? `${address}, which is none of its agents` : `${active} at ${address}`
  return `${site}/${name} is served by the word of ${node}: it hears ${who} (${showAgo(at, nowMs)})`
}

function row(router: VirtualRouter, nowMs: number): string[] {
  const { site, name, vrid, state, active, members, addresses, lastFailoverAt } = router
  const nodes = members.map(
    ({ node, role, lastKnownRole, priority }) =>
      `${node} ${priority} ${role ?? `unknown (was ${lastKnownRole})`}`,
  )
  const who = [String(vrid), state, orDash(active), nodes.join(', '), addresses.join(' ')]
  return [site, name, ...who, showAgo(lastFailoverAt, nowMs)]
}

import type { Site } from '@aloft/client/api.generated'
import type { Command } from 'commander'
import { aboutOne } from './absent.ts'
import { connectFleet, type FleetOptions, printJson, withFleetOptions } from './fleet-command.ts'
import { showAgo } from './instant.ts'
import { formatTable } from './table.ts'

export function mountSites(program: Command): void {
  const sites = program.command('sites').description('list the sites, with what is well and what is not')
  withFleetOptions(sites).action(showSites)
  const create = sites
    .command('create')
    .description('make a site')
    .argument('<name>', 'lower-case letters, digits and hyphens')
  withFleetOptions(create).action(withParent(createSite))
  const rename = sites
    .command('rename')
    .description('give a site another name; its nodes and its history go with it')
    .argument('<site>')
    .argument('<new-name>')
  withFleetOptions(rename).action(withParent(renameSite))
  const remove = sites.command('delete').description('remove a site that has no nodes').argument('<site>')
  withFleetOptions(remove).action(withParent(deleteSite))
}

/** `aloft sites --json create x` and `aloft sites create x --json` mean the same. */
function withParent(run: (names: readonly string[], options: FleetOptions) => Promise<void>) {
  return (...given: readonly unknown[]): Promise<void> => {
    const command = given.at(-1) as Command
    return run(command.args, command.optsWithGlobals())
  }
}

async function showSites(options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  const sites = await client.list('GET /api/v1/sites', Number.POSITIVE_INFINITY)
  if (options.json) return printJson(sites)
  if (sites.items.length === 0) {
    return console.log(
      'No site yet. `aloft sites create NAME` makes one; `aloft token create --site NAME` lets nodes in.',
    )
  }
  const now = Date.now()
  const headings = [
    ...['SITE', 'AGENTS', 'SERVED', 'SPLIT BRAIN', 'NO ACTIVE', 'UNKNOWN'],
    { title: 'LAST FAILOVER', spare: 1 },
  ]
  console.log(
    formatTable(
      headings,
      sites.items.map((site) => row(site, now)),
    ),
  )
}

function row({ name, agents, virtualRouters: routers, lastFailoverAt }: Site, nowMs: number): string[] {
  return [
    name,
    `${agents.connected}/${agents.total}`,
    `${routers.served}/${routers.total}`,
    String(routers.splitBrain),
    String(routers.noActive),
    String(routers.unknown),
    showAgo(lastFailoverAt, nowMs),
  ]
}

async function createSite([name = '']: readonly string[], options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  const site = await client.call('POST /api/v1/sites', { body: { name } })
  if (options.json) return printJson(site)
  console.log(`Site ${site.name} is there. \`aloft token create --site ${site.name}\` says how nodes get in.`)
}

async function renameSite([old = '', name = '']: readonly string[], options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  const path = { id: old }
  const read = () => client.answer('GET /api/v1/sites/{id}', { path })
  const { etag } = await aboutOne(client, { kind: 'site', name: old }, read)
  const ifMatch = etag === null ? {} : { ifMatch: etag }
  const site = await client.call('PATCH /api/v1/sites/{id}', { path, body: { name }, ...ifMatch })
  if (options.json) return printJson(site)
  console.log(
    `Site ${old} is called ${site.name} now. Agents need no change: they know their site by its id.`,
  )
}

async function deleteSite([name = '']: readonly string[], options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  await aboutOne(client, { kind: 'site', name }, () =>
    client.call('DELETE /api/v1/sites/{id}', { path: { id: name } }),
  )
  if (options.json) return printJson({ deleted: name })
  console.log(`Site ${name} is gone.`)
}

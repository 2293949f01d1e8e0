import { parseDuration } from '@aloft/shared/time/duration'
import type { Command } from 'commander'
import { aboutOne } from './absent.ts'
import { connectFleet, type FleetOptions, printJson, withFleetOptions } from './fleet-command.ts'
import { type GrantOptions, grantsOf, showGrants, withGrantOptions, withSitesOf } from './grants.ts'
import { showAgo, showAhead, showInstant } from './instant.ts'
import { WrongUsage } from './outcome.ts'
import { formatTable, orDash } from './table.ts'

interface CreateOptions extends FleetOptions, GrantOptions {
  readonly name: string
  readonly ttl: string
}

export function mountApiToken(program: Command): void {
  const token = program.command('api-token').description('API tokens: what programs come with')
  const create = token
    .command('create')
    .description('make an API token for yourself and print it, once')
    .requiredOption('--name <name>', 'what it is for')
    .option('--ttl <duration>', 'how long it holds, 1m to 366d', '90d')
  withFleetOptions(withGrantOptions(create)).action(createToken)
  withFleetOptions(
    token.command('list').description('list API tokens: your own, or everybody’s if you manage users'),
  ).action(listTokens)
  const revoke = token
    .command('revoke')
    .description('refuse a token from now on')
    .argument('<id>', 'as `aloft api-token list` shows it')
  withFleetOptions(revoke).action(revokeToken)
}

async function createToken(options: CreateOptions): Promise<void> {
  const { CreateApiToken } = await import('@aloft/shared/api/access')
  const { name, ttl } = options
  const grants = options.role === undefined ? undefined : grantsOf(options)
  const asked = CreateApiToken.safeParse({ name, grants, ttlMs: parseDuration(ttl) })
  if (!asked.success) {
    const fault = asked.error.issues.find(({ path }) => path[0] === 'name')
    throw new WrongUsage(
      fault ? `--name ${name}: ${fault.message}` : `--ttl ${ttl}: write 1m to 366d, for example 30d`,
    )
  }
  const client = await connectFleet(options)
  const made = await withSitesOf(client, grants, () =>
    client.call('POST /api/v1/api-tokens', { body: asked.data }),
  )
  if (options.json) return printJson(made)
  console.log(made.token)
  const until = made.expiresAt === null ? 'for ever' : `until ${showInstant(made.expiresAt)} UTC`
  console.error(`It may: ${showGrants(made.grants)}; ${until}. It is not shown again.`)
}

async function listTokens(options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  const tokens = await client.list('GET /api/v1/api-tokens', Number.POSITIVE_INFINITY)
  if (options.json) return printJson(tokens)
  const now = Date.now()
  const rows = tokens.items.map(({ id, name, owner, grants, expiresAt, lastUsedAt }) => [
    id,
    name,
    orDash(owner),
    showGrants(grants),
    ...(expiresAt === null ? ['never', '-'] : [showInstant(expiresAt), showAhead(expiresAt, now)]),
    lastUsedAt === null ? 'never' : showAgo(lastUsedAt, now),
  ])
  const headings = [
    { title: 'ID', whole: true },
    'NAME',
    { title: 'OWNER', spare: 2 },
    { title: 'MAY', soft: 14 },
    { title: 'EXPIRES (UTC)', spare: 3 },
    'IN',
    { title: 'USED', spare: 1 },
  ] as const
  if (rows.length === 0) return console.log('No API token. `aloft api-token create --name NAME` makes one.')
  console.log(formatTable(headings, rows))
}

async function revokeToken(id: string, options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  await aboutOne(client, { kind: 'api-token', name: id }, () =>
    client.call('DELETE /api/v1/api-tokens/{id}', { path: { id } }),
  )
  if (options.json) return printJson({ revoked: id })
  console.log('Revoked. Browsers that signed in with it are signed out.')
}

import { parseDuration } from '@aloft/shared/time/duration'
import type { Command } from 'commander'
import { connectFleet, type FleetOptions, printJson, withFleetOptions } from './fleet-command.ts'
import { type GrantOptions, grantsOf, showGrants, withGrantOptions } from './grants.ts'
import { showAgo, showInstant } from './instant.ts'
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
  const revoke = token.command('revoke').description('refuse a token from now on').argument('<id>')
  withFleetOptions(revoke).action(revokeToken)
}

async function createToken(options: CreateOptions): Promise<void> {
  const ttlMs = parseDuration(options.ttl)
  if (ttlMs === null) throw new WrongUsage(`--ttl ${options.ttl}: write a duration such as 30d`)
  const client = await connectFleet(options)
  const grants = options.role === undefined ? undefined : grantsOf(options)
  const made = await client.call('POST /api/v1/api-tokens', { body: { name: options.name, grants, ttlMs } })
  if (options.json) return printJson(made)
  console.log(made.token)
  console.error(`It may: ${showGrants(made.grants)}; until ${orDash(made.expiresAt)}. It is not shown again.`)
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
    expiresAt === null ? 'never' : showInstant(expiresAt),
    lastUsedAt === null ? 'never' : showAgo(lastUsedAt, now),
  ])
  console.log(formatTable(['ID', 'NAME', 'OWNER', 'MAY', 'EXPIRES (UTC)', 'USED'], rows))
}

async function revokeToken(id: string, options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  await client.call('DELETE /api/v1/api-tokens/{id}', { path: { id } })
  if (options.json) return printJson({ revoked: id })
  console.log('Revoked. Browsers that signed in with it are signed out.')
}

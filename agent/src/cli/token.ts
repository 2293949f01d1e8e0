import type { EnrolmentToken } from '@aloft/client/api.generated'
import { parseDuration } from '@aloft/shared/time/duration'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { aboutOne, refuseAbsent } from './absent.ts'
import { connectFleet, type FleetOptions, printJson, wholeNumber, withFleetOptions } from './fleet-command.ts'
import { showAgo, showAhead, showInstant } from './instant.ts'
import { WrongUsage } from './outcome.ts'
import { formatTable, showLabels } from './table.ts'

interface TokenOptions extends FleetOptions {
  readonly site: string
  readonly ttl: string
  readonly maxUses: number
  readonly label: Readonly<Record<string, string>>
  readonly needsApproval?: true
}

interface ListOptions extends FleetOptions {
  readonly site?: string
}

export function mountToken(program: Command): void {
  const token = program.command('token').description('enrolment tokens: what lets a new agent in')
  const create = token
    .command('create')
    .description('make an enrolment token and print the command to run on the node')
    .requiredOption('--site <site>', 'site the agents belong to; made when it is new')
    .option('--ttl <duration>', 'how long it can be used, 1s to 30d', '1h')
    .option('--max-uses <count>', 'how many agents it lets in', wholeNumber(1, 10_000), 1)
    .addOption(
      new Option('--label <key=value>', 'put on every agent it lets in; as often as wanted')
        .argParser(addLabel)
        // Its text is for the help, where `{}` says nothing.
        .default({}, 'none'),
    )
    .option('--needs-approval', 'agents wait for `aloft agents approve`')
  withFleetOptions(create).action(createToken)
  const list = token
    .command('list')
    .description('list the enrolment tokens that were not revoked, newest first')
    .option('--site <site>', 'of one site only')
  withFleetOptions(list).action(listTokens)
  const revoke = token
    .command('revoke')
    .description('let nobody else in with a token; agents that are in stay')
    .argument('<id>', 'as `aloft token list` shows it')
  withFleetOptions(revoke).action(revokeToken)
}

async function createToken(options: TokenOptions): Promise<void> {
  const { CreateEnrolmentToken } = await import('@aloft/shared/api/schemas')
  const { site, ttl, maxUses, label: labels, needsApproval = false } = options
  const asked = { site, ttlMs: parseDuration(ttl), maxUses, labels, needsApproval }
  const request = CreateEnrolmentToken.safeParse(asked)
  if (!request.success) {
    const labelFault = request.error.issues.find(({ path }) => path[0] === 'labels')
    if (labelFault)
      throw new WrongUsage(`--label ${labelFault.path.slice(1).join('=')}: ${labelFault.message}`)
    // The bounds of --max-uses are commander's to check, so it is the site or the lifetime.
    const siteFault = request.error.issues.find(({ path }) => path[0] === 'site')
    throw new WrongUsage(
      siteFault ? `--site ${site}: ${siteFault.message}` : `--ttl ${ttl}: write 1s to 30d, for example 30m`,
    )
  }
  const client = await connectFleet(options)
  const created = await client.call('POST /api/v1/enrolment-tokens', { body: request.data })
  if (options.json) return printJson(created)
  console.log(
    `aloft agent --config aloft.yaml --control-plane ${client.url} --enrolment-token ${created.token}`,
  )
  const uses = created.maxUses === 1 ? 'one agent' : `${created.maxUses} agents`
  // The command alone is on stdout, so that it can be piped to where it is run.
  console.error(
    `Run this on the node; it lets ${uses} into ${created.site} until ${showInstant(created.expiresAt)} UTC.`,
  )
}

function addLabel(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [key = '', ...value] = text.split('=')
  if (value.length === 0) throw new InvalidArgumentError('Write KEY=VALUE.')
  return { ...before, [key]: value.join('=') }
}

async function listTokens(options: ListOptions): Promise<void> {
  const client = await connectFleet(options)
  const query = { site: options.site }
  const tokens = await client.list('GET /api/v1/enrolment-tokens', Number.POSITIVE_INFINITY, { query })
  if (tokens.items.length === 0) await refuseAbsent(client, query)
  if (options.json) return printJson(tokens)
  if (tokens.items.length === 0) {
    const which = options.site === undefined ? '' : ` for ${options.site}`
    return console.log(
      `No enrolment token${which}. \`aloft token create --site ${options.site ?? 'NAME'}\` makes one.`,
    )
  }
  const now = Date.now()
  const headings = [
    { title: 'ID', whole: true },
    ...['SITE', 'USES'],
    { title: 'CREATED', spare: 4 },
    { title: 'EXPIRES (UTC)', spare: 3 },
    'IN',
    { title: 'LABELS', soft: 12, spare: 2 },
    { title: 'APPROVAL', spare: 1 },
  ] as const
  console.log(
    formatTable(
      headings,
      tokens.items.map((token) => row(token, now)),
    ),
  )
}

function row(token: EnrolmentToken, nowMs: number): string[] {
  const { id, site, uses, maxUses, createdAt, expiresAt } = token
  const gives = [showLabels(token.labels), token.needsApproval ? 'needed' : '-']
  const ends = [showInstant(expiresAt), showAhead(expiresAt, nowMs)]
  return [id, site, `${uses}/${maxUses}`, showAgo(createdAt, nowMs), ...ends, ...gives]
}

async function revokeToken(id: string, options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  await aboutOne(client, { kind: 'enrolment-token', name: id }, () =>
    client.call('DELETE /api/v1/enrolment-tokens/{id}', { path: { id } }),
  )
  if (options.json) return printJson({ revoked: id })
  console.log('Revoked. Agents that it let in before stay; `aloft agents` lists them.')
}

import { parseDuration } from '@aloft/shared/time/duration'
import type { Command } from 'commander'
import { connectFleet, type FleetOptions, wholeNumber, withFleetOptions } from './fleet-command.ts'
import { showInstant } from './instant.ts'
import { WrongUsage } from './outcome.ts'

interface TokenOptions extends FleetOptions {
  readonly site: string
  readonly ttl: string
  readonly maxUses: number
}

export function mountToken(program: Command): void {
  const token = program.command('token').description('enrolment tokens: what lets a new agent in')
  const create = token
    .command('create')
    .description('make an enrolment token and print the command to run on the node')
    .requiredOption('--site <site>', 'site the agents belong to; made when it is new')
    .option('--ttl <duration>', 'how long it can be used, 1s to 30d', '1h')
    .option('--max-uses <count>', 'how many agents it lets in', wholeNumber(1, 10_000), 1)
  withFleetOptions(create).action(createToken)
}

async function createToken(options: TokenOptions): Promise<void> {
  const { CreateEnrolmentToken, EnrolmentToken } = await import('@aloft/shared/api/schemas')
  const { site, ttl, maxUses } = options
  const request = CreateEnrolmentToken.safeParse({ site, ttlMs: parseDuration(ttl), maxUses })
  if (!request.success) {
    // The bounds of --max-uses are commander's to check, so it is the site or the lifetime.
    const siteFault = request.error.issues.find(({ path }) => path[0] === 'site')
    throw new WrongUsage(
      siteFault ? `--site ${site}: ${siteFault.message}` : `--ttl ${ttl}: write 1s to 30d, for example 30m`,
    )
  }
  const client = await connectFleet(options)
  const created = await client.create(EnrolmentToken, 'enrolment-tokens', request.data)
  if (options.json) return console.log(JSON.stringify(created, null, 2))
  console.log(
    `aloft agent --config aloft.yaml --control-plane ${client.url} --enrolment-token ${created.token}`,
  )
  const uses = created.maxUses === 1 ? 'one agent' : `${created.maxUses} agents`
  // The command alone is on stdout, so that it can be piped to where it is run.
  console.error(
    `Run this on the node; it lets ${uses} into ${created.site} until ${showInstant(created.expiresAt)} UTC.`,
  )
}

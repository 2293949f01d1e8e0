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
  const ttlMs = parseDuration(options.ttl)
  if (ttlMs === null)
    throw new WrongUsage(`--ttl ${options.ttl}: write a number and a unit, for example 30m or 1h`)
  const { CreateEnrolmentToken, EnrolmentToken } = await import('@aloft/shared/api/schemas')
  const request = CreateEnrolmentToken.safeParse({ site: options.site, ttlMs, maxUses: options.maxUses })
  if (!request.success) {
    const faults = request.error.issues.map(
      ({ path, message }) => `${FLAGS[String(path[0])] ?? '--site'}: ${message}`,
    )
    throw new WrongUsage(faults.join('\n'))
  }
  const client = await connectFleet(options)
  const created = await client.create(EnrolmentToken, 'enrolment-tokens', request.data)
  if (options.json) return console.log(JSON.stringify(created, null, 2))
  const url = options.url ?? process.env['ALOFT_URL'] ?? 'http://127.0.0.1:8080'
  console.log(`aloft agent --config aloft.yaml --control-plane ${url} --enrolment-token ${created.token}`)
  const uses = created.maxUses === 1 ? 'one agent' : `${created.maxUses} agents`
  // The command alone is on stdout, so that it can be piped to where it is run.
  console.error(
    `Run this on the node; it lets ${uses} into ${created.site} until ${showInstant(created.expiresAt)} UTC.`,
  )
}

const FLAGS: Readonly<Record<string, string>> = { site: '--site', ttlMs: '--ttl', maxUses: '--max-uses' }

import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import type { AuditEntry } from '@aloft/client/api.generated'
import type { Command } from 'commander'
import { refuseAbsent } from './absent.ts'
import { type ChainEnd, entriesOfFile, verifyChain } from './audit-chain.ts'
import {
  connectFleet,
  type FleetOptions,
  isFiltered,
  printJson,
  wholeNumber,
  withFleetOptions,
} from './fleet-command.ts'
import { showInstant } from './instant.ts'
import { WrongUsage } from './outcome.ts'
import { type Column, formatTable } from './table.ts'

interface ListOptions extends FleetOptions {
  readonly limit: number
  readonly site?: string
  readonly actor?: string
  readonly action?: string
  readonly target?: string
}

interface VerifyOptions extends FleetOptions {
  readonly expect?: string
  readonly file?: string
}

export function mountAudit(program: Command): void {
  const audit = program.command('audit').description('who changed what')
  const list = audit
    .command('list')
    .description('list changes, newest first')
    .option('--limit <count>', 'how many', wholeNumber(1, 100_000), 50)
    .option('--site <site>', 'of one site')
    .option('--actor <actor>', 'by one: its id (user:…, token:…) or name')
    .option('--action <action>', 'of one kind, such as user.create')
    .option('--target <id>', 'of one thing')
  withFleetOptions(list).action(listAudit)
  const verify = audit
    .command('verify')
    .description('compute the chain of the record again; exit 1 names the first entry that does not hold')
    .option('--expect <id:hash>', 'an end of the chain that was noted before: it must still be in it')
  verify.option('--file <file>', 'of what `aloft export audit` wrote, without the control plane')
  withFleetOptions(verify).action(verifyAudit)
}

async function listAudit(options: ListOptions): Promise<void> {
  const client = await connectFleet(options)
  const { site, actor, action, target, limit } = options
  const entries = await client.list('GET /api/v1/audit', limit, { query: { site, actor, action, target } })
  if (entries.items.length === 0) await refuseAbsent(client, { site })
  if (options.json) return printJson(entries)
  if (entries.items.length === 0) {
    const isNarrow = isFiltered({ site, actor, action, target })
    return console.log(
      isNarrow
        ? 'No change matches. `aloft audit list` without filters lists the newest.'
        : 'Nothing is on record so far.',
    )
  }
  const rows = entries.items.map((entry) => [
    String(entry.id),
    showInstant(entry.at).slice(0, 19),
    entry.actorName,
    entry.action,
    // `user.create` has said of what kind it is.
    entry.action.startsWith(`${entry.targetKind}.`)
      ? entry.targetId
      : `${entry.targetKind} ${entry.targetId}`,
  ])
  const headings: readonly (string | Column)[] = [
    'ID',
    { title: 'TIME (UTC)', whole: true },
    { title: 'WHO', soft: 10 },
    'WHAT',
    { title: 'TARGET', soft: 15 },
  ]
  console.log(formatTable(headings, rows))
}

async function verifyAudit(options: VerifyOptions): Promise<void> {
  const expected = expectedEnd(options.expect)
  const end = await verifyChain(await entriesOf(options), expected)
  const text = `${end.id}:${end.hash}`
  if (options.json) return printJson({ entries: end.id, end: text })
  if (end.id === 0) return console.log('Nothing is on record so far, so there is nothing to verify.')
  console.log(`${end.id} entries hold. Note the end, and give it to --expect next time: ${text}`)
}

async function entriesOf(options: VerifyOptions): Promise<AsyncIterable<AuditEntry>> {
  const { file } = options
  if (file === undefined)
    return (await connectFleet(options)).items('GET /api/v1/audit', { query: { order: 'asc', limit: 500 } })
  await access(file, constants.R_OK).catch((error: Error) => {
    const why = 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new WrongUsage(`${file} cannot be read: ${why}`)
  })
  return entriesOfFile(file)
}

function expectedEnd(text: string | undefined): ChainEnd | null {
  if (text === undefined) return null
  const [, id, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (id === undefined || hash === undefined)
    throw new WrongUsage(`--expect ${text}: write ID:HASH as verify printed it`)
  return { id: Number(id), hash }
}

import { createHash } from 'node:crypto'
import type { AuditEntry } from '@aloft/client/api.generated'
import type { Command } from 'commander'
import { connectFleet, type FleetOptions, printJson, wholeNumber, withFleetOptions } from './fleet-command.ts'
import { showInstant } from './instant.ts'
import { Refused, WrongUsage } from './outcome.ts'
import { formatTable } from './table.ts'

interface ListOptions extends FleetOptions {
  readonly limit: number
  readonly site?: string
  readonly actor?: string
  readonly action?: string
  readonly target?: string
}

interface VerifyOptions extends FleetOptions {
  readonly expect?: string
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
  withFleetOptions(verify).action(verifyAudit)
}

async function listAudit(options: ListOptions): Promise<void> {
  const client = await connectFleet(options)
  const { site, actor, action, target, limit } = options
  const entries = await client.list('GET /api/v1/audit', limit, { query: { site, actor, action, target } })
  if (options.json) return printJson(entries)
  if (entries.items.length === 0) return console.log('No such change is on record, or none that you may see.')
  const rows = entries.items.map((entry) => [
    String(entry.id),
    showInstant(entry.at),
    entry.actorName,
    entry.action,
    `${entry.targetKind} ${entry.targetId}`,
  ])
  console.log(formatTable(['ID', 'TIME (UTC)', 'WHO', 'WHAT', 'TARGET'], rows))
}

async function verifyAudit(options: VerifyOptions): Promise<void> {
  const { AUDIT_GENESIS, auditText } = await import('@aloft/shared/api/audit')
  const expected = expectedEnd(options.expect)
  const client = await connectFleet(options)
  let last: Pick<AuditEntry, 'id' | 'hash'> = { id: 0, hash: AUDIT_GENESIS }
  let isFound = expected === null
  for await (const entry of client.items('GET /api/v1/audit', { query: { order: 'asc', limit: 500 } })) {
    const what = `entry ${entry.id} (${entry.action}, ${showInstant(entry.at)} UTC)`
    if (entry.id !== last.id + 1)
      throw new Refused(`${what} comes after ${last.id}: entries are missing, or you may not see all of them`)
    if (entry.previousHash !== last.hash)
      throw new Refused(`${what} does not follow the entry before it: one of the two was replaced`)
    const { hash, ...rest } = entry
    const text = auditText({ ...rest, before: rest.before ?? null, after: rest.after ?? null })
    if (createHash('sha256').update(text).digest('hex') !== hash)
      throw new Refused(`${what} was changed: its hash is of something else`)
    if (expected !== null && entry.id === expected.id) {
      if (hash !== expected.hash) throw new Refused(`${what} is not what was noted: the chain was made anew`)
      isFound = true
    }
    last = entry
  }
  if (!isFound) throw new Refused(`entry ${expected?.id} is not there any more: the end was cut off`)
  if (options.json) return printJson({ entries: last.id, end: `${last.id}:${last.hash}` })
  console.log(
    `${last.id} entries hold. Note the end, and give it to --expect next time: ${last.id}:${last.hash}`,
  )
}

function expectedEnd(text: string | undefined): { readonly id: number; readonly hash: string } | null {
  if (text === undefined) return null
  const [, id, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (id === undefined || hash === undefined)
    throw new WrongUsage(`--expect ${text}: write ID:HASH as verify printed it`)
  return { id: Number(id), hash }
}

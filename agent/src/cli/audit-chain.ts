import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { AuditEntry } from '@aloft/client/api.generated'
import { showInstant } from './instant.ts'
import { Refused } from './outcome.ts'

/** An end of the chain: what an auditor notes, and finds again. */
export interface ChainEnd {
  readonly id: number
  readonly hash: string
}

/** Computes the chain again, from its first entry on. Throws `Refused` with the first entry that does not hold. */
export async function verifyChain(
  entries: AsyncIterable<AuditEntry>,
  expected: ChainEnd | null,
): Promise<ChainEnd> {
  const { AUDIT_GENESIS, auditText } = await import('@aloft/shared/api/audit')
  let last: ChainEnd = { id: 0, hash: AUDIT_GENESIS }
  let isFound = expected === null
  for await (const entry of entries) {
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
    last = { id: entry.id, hash }
  }
  if (!isFound) throw new Refused(`entry ${expected?.id} is not there any more: the end was cut off`)
  return last
}

/**
 * The entries of a file that `aloft export audit` wrote, or that the API answered as NDJSON; its last line then says how
 * it ended. Throws `Refused` where a line is something else.
 */
export async function* entriesOfFile(file: string): AsyncGenerator<AuditEntry> {
  const { AuditEntry: Entry } = await import('@aloft/shared/api/audit')
  let count = 0
  let isOver = false
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    count += 1
    const at = `${file}, line ${count}`
    if (isOver) throw new Refused(`${at}: the file goes on after its end`)
    const value = parsed(line)
    if (isEnd(value)) {
      isOver = true
      continue
    }
    const entry = Entry.safeParse(value)
    if (!entry.success) throw new Refused(`${at} is no entry of the record: ${line.slice(0, 60)}`)
    yield entry.data
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function isEnd(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 1 && 'end' in value
}

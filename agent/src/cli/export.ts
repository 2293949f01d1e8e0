import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Client } from '@aloft/client/client'
import type { Command } from 'commander'
import { type EventFilters, eventQuery, withEventFilters } from './events.ts'
import { type FailoverFilters, failoverQuery, withFailoverFilters } from './failovers.ts'
import { connectFleet, type FleetOptions, withFleetOptions } from './fleet-command.ts'
import { Refused } from './outcome.ts'

interface ExportOptions extends FleetOptions {
  readonly out?: string
}

/** `aloft export`: whole lists, one JSON object a line, complete or not at all. */
export function mountExport(program: Command): void {
  const all = program.command('export').description('write a whole list as NDJSON, one object a line')
  const events = all.command('events').description('what the agents observed, oldest first')
  withExportOptions(withEventFilters(events)).action((options: ExportOptions & EventFilters) =>
    write(options, (client) =>
      client.export('GET /api/v1/events', { query: { ...eventQuery(options), order: 'asc' } }),
    ),
  )
  const failovers = all.command('failovers').description('failovers with their evidence, newest first')
  withExportOptions(withFailoverFilters(failovers)).action((options: ExportOptions & FailoverFilters) =>
    write(options, (client) => client.export('GET /api/v1/failovers', { query: failoverQuery(options) })),
  )
}

function withExportOptions(command: Command): Command {
  return withFleetOptions(command).option(
    '--out <file>',
    'into this file, which is there only when it is complete (default: stdout)',
  )
}

type Lines = AsyncGenerator<unknown, { readonly items: number }>

async function write(options: ExportOptions, exported: (client: Client) => Lines): Promise<void> {
  const lines = exported(await connectFleet(options))
  if (options.out === undefined) return report(await drain(lines, process.stdout), options)
  const partial = `${options.out}.partial`
  const file = createWriteStream(partial)
  try {
    const count = await drain(lines, file)
    file.end()
    await finished(file)
    await rename(partial, options.out)
    report(count, options)
  } catch (error) {
    file.destroy()
    await rm(partial, { force: true })
    throw isSystemError(error) ? new Refused(`${options.out} cannot be written: ${error.message}`) : error
  }
}

/** No faster than it is taken. */
async function drain(lines: Lines, out: Writable): Promise<number> {
  const failed = new Promise<never>((_, reject) => out.once('error', reject))
  failed.catch(() => {})
  while (true) {
    const next = await Promise.race([lines.next(), failed])
    if (next.done) return next.value.items
    if (!out.write(`${JSON.stringify(next.value)}\n`)) {
      await Promise.race([new Promise<void>((resolve) => out.once('drain', resolve)), failed])
    }
  }
}

/** On stderr: stdout may be the export. */
function report(count: number, { out, json }: ExportOptions): void {
  const what = count === 1 ? 'One object' : `${count} objects`
  if (!json) console.error(`${what}, complete${out === undefined ? '' : `, in ${out}`}.`)
  else if (out !== undefined) console.log(JSON.stringify({ items: count, file: out }))
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

import { once } from 'node:events'
import type { Client, Page } from '@aloft/client/client'
import type { Input, ListName } from '@aloft/client/operations'
import type { Command } from 'commander'
import { refuseAbsent } from './absent.ts'
import { type EventFilters, eventQuery, withEventFilters } from './events.ts'
import { ExportFile } from './export-file.ts'
import { type FailoverFilters, failoverQuery, withFailoverFilters } from './failovers.ts'
import { connectFleet, type FleetOptions, withFleetOptions } from './fleet-command.ts'
import { fleetFailure } from './fleet-failure.ts'
import { readSpan } from './instant.ts'
import { Refused, WrongUsage } from './outcome.ts'

interface ExportOptions extends FleetOptions {
  readonly out?: string
  readonly resume?: boolean
  readonly cursor?: string
}

interface AuditFilters {
  readonly site?: string
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly from?: string
  readonly to?: string
}

type Query = Readonly<Record<string, unknown>>
type Pages = (client: Client, query: Query) => AsyncGenerator<Page<unknown>>

/** `aloft export`: whole lists, one JSON object a line, complete or known not to be. */
export function mountExport(program: Command): void {
  const all = program.command('export').description('write a whole list as NDJSON, one object a line')
  const events = all.command('events').description('what the agents observed, oldest first')
  withExportOptions(withEventFilters(events)).action((options: ExportOptions & EventFilters) =>
    write('events', options, {
      query: { ...eventQuery(options), order: 'asc' },
      pages: (client, query) =>
        client.pages('GET /api/v1/events', { query: as<'GET /api/v1/events'>(query) }),
    }),
  )
  const failovers = all.command('failovers').description('failovers with their evidence, newest first')
  withExportOptions(withFailoverFilters(failovers)).action((options: ExportOptions & FailoverFilters) =>
    write('failovers', options, {
      query: failoverQuery(options),
      pages: (client, query) =>
        client.pages('GET /api/v1/failovers', { query: as<'GET /api/v1/failovers'>(query) }),
    }),
  )
  const audit = all
    .command('audit')
    .description('who changed what, oldest first; `aloft audit verify --file` computes its chain again')
    .option('--site <site>', 'of one site only: such a part cannot be verified by itself')
    .option('--actor <actor>', 'by one: its id (user:…, token:…) or name')
    .option('--action <action>', 'of one kind, such as user.create')
    .option('--target <id>', 'of one thing')
    .option('--from <when>', 'not before this instant (2026-11-22T21:00:00Z) or this long ago (24h)')
    .option('--to <when>', 'before this instant or this long ago')
  withExportOptions(audit).action((options: ExportOptions & AuditFilters) =>
    write('audit', options, {
      query: { ...auditQuery(options), order: 'asc' },
      pages: (client, query) => client.pages('GET /api/v1/audit', { query: as<'GET /api/v1/audit'>(query) }),
    }),
  )
}

/** Made above, or read back from the mark of a file as it was made; the API looks at it anyway. */
function as<O extends ListName>(query: Query): NonNullable<Input<O>['query']> {
  return query as NonNullable<Input<O>['query']>
}

function auditQuery({ site, actor, action, target, from, to }: AuditFilters) {
  return { site, actor, action, target, ...readSpan({ from, to }, Date.now()) }
}

function withExportOptions(command: Command): Command {
  return withFleetOptions(
    command
      .option('--out <file>', 'into this file, which is there only when it is complete (default: stdout)')
      .option('--resume', 'go on with a file that was cut off, if there is one')
      .option('--cursor <cursor>', 'go on behind what an export to stdout said when it was cut off'),
  )
}

interface What {
  readonly query: Query
  readonly pages: Pages
}

async function write(list: string, options: ExportOptions, { query, pages }: What): Promise<void> {
  const { out, resume = false, cursor } = options
  if (out === undefined && resume) throw new WrongUsage('--resume needs --out FILE; to stdout give --cursor')
  if (out !== undefined && cursor !== undefined)
    throw new WrongUsage('--cursor is for stdout; a file knows its own: give --resume')
  const client = await connectFleet(options)
  if (out === undefined) return toStdout(ofWhatIsThere(pages, client, from(query, cursor)), options)
  try {
    await toFile(out, { client, pages, query, asked: askedOf(list, options), options })
  } catch (error) {
    throw isSystemError(error) ? new Refused(`${out} cannot be written: ${error.message}`) : error
  }
}

/** Of what is not there an export would be empty, and complete. */
async function* ofWhatIsThere(pages: Pages, client: Client, query: Query): AsyncGenerator<Page<unknown>> {
  let items = 0
  for await (const page of pages(client, query)) {
    items += page.items.length
    yield page
  }
  const { site, node, name } = query as Partial<Record<string, string>>
  if (items === 0) await refuseAbsent(client, { site, node, 'virtual-router': name })
}

/** Pages rather than one answer: each says where to go on behind it. */
const PAGE_ITEMS = 500

function from(query: Query, cursor: string | undefined): Query {
  return { ...query, limit: PAGE_ITEMS, ...(cursor === undefined ? {} : { cursor }) }
}

async function toStdout(pages: AsyncIterable<Page<unknown>>, options: ExportOptions): Promise<void> {
  let cursor = options.cursor ?? null
  let items = 0
  const progress = new Progress()
  try {
    for await (const page of pages) {
      if (!process.stdout.write(textOf(page))) await once(process.stdout, 'drain')
      items += page.items.length
      cursor = page.nextCursor ?? cursor
      progress.show(items)
    }
  } catch (error) {
    progress.end()
    throw cutOff(error, items, cursor === null ? '' : `; go on behind them with --cursor ${cursor}`)
  }
  progress.end()
  if (!options.json) console.error(`${countOf(items)}, complete.`)
}

interface IntoFile extends What {
  readonly client: Client
  readonly asked: string
  readonly options: ExportOptions
}

async function toFile(out: string, { client, pages, query, asked, options }: IntoFile): Promise<void> {
  const file = await ExportFile.open(out, asked, options.resume ?? false)
  const { begun } = file
  const whole = begun?.query ?? query
  let items = begun?.items ?? 0
  const progress = new Progress()
  try {
    for await (const page of ofWhatIsThere(pages, client, from(whole, begun?.cursor))) {
      await file.write(textOf(page))
      items += page.items.length
      if (page.nextCursor !== null) await file.mark({ asked, query: whole, cursor: page.nextCursor, items })
      progress.show(items)
    }
  } catch (error) {
    progress.end()
    const isLeft = await file.leave()
    throw cutOff(
      error,
      items,
      isLeft ? `; what came is in ${out}.partial, and --resume goes on behind it` : '',
    )
  }
  progress.end()
  const { sha256 } = await file.finish(items)
  if (options.json) return console.log(JSON.stringify({ items, file: out, sha256 }))
  console.error(`${countOf(items)}, complete, in ${out}.`)
}

/** What was asked for, in the words of the command line: an export that goes on must be the same. */
function askedOf(list: string, options: object): string {
  const own = new Set(['url', 'token', 'json', 'out', 'resume', 'cursor'])
  const filters = Object.entries(options).filter(([name]) => !own.has(name))
  return [list, ...filters.map(([name, value]) => `--${name} ${value}`).sort()].join(' ')
}

function textOf({ items }: Page<unknown>): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('')
}

function cutOff(error: unknown, items: number, how: string): unknown {
  const why = fleetFailure(error)
  if (why === null || items === 0) return error
  return new Refused(`the export was cut off after ${countOf(items).toLowerCase()}${how}: ${why}`)
}

function countOf(items: number): string {
  return items === 1 ? 'One object' : `${items} objects`
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

/** How far it is, on stderr when somebody looks at it; nothing in a script. */
class Progress {
  #shownAtMs = Number.NEGATIVE_INFINITY

  show(items: number): void {
    if (!process.stderr.isTTY || performance.now() - this.#shownAtMs < 200) return
    this.#shownAtMs = performance.now()
    process.stderr.write(`\r${countOf(items)} so far`)
  }

  /** The line is free again. */
  end(): void {
    if (Number.isFinite(this.#shownAtMs)) process.stderr.write('\r\u001b[K')
  }
}

import type { Event } from '@aloft/client/api.generated'
import type { Client } from '@aloft/client/client'
import type { Command } from 'commander'
import { refuseAbsent } from './absent.ts'
import {
  connectFleet,
  type FleetOptions,
  isFiltered,
  printJson,
  wholeNumber,
  withFleetOptions,
} from './fleet-command.ts'
import { readSpan } from './instant.ts'

export interface EventFilters {
  readonly site?: string
  readonly node?: string
  readonly kind?: string
  readonly vrid?: number
  readonly late?: boolean
  readonly from?: string
  readonly to?: string
}

interface EventsOptions extends FleetOptions, EventFilters {
  readonly follow?: boolean
  readonly limit?: number
}

type Kind = Event['body']['kind']

/** What selects events, here and for `aloft export events`. */
export function withEventFilters(command: Command): Command {
  return command
    .option('--site <site>', 'of one site only')
    .option('--node <node>', 'of one node only')
    .option('--kind <kind>', 'of one kind only, such as transition, link, tracker, bfd, gap')
    .option('--vrid <vrid>', 'about virtual routers with this VRID only', wholeNumber(1, 255))
    .option('--late', 'only what arrived long after it happened')
    .option('--from <when>', 'not before this instant (2026-11-22T21:00:00Z) or this long ago (1h)')
    .option('--to <when>', 'before this instant or this long ago')
}

export function eventQuery({ site, node, kind, vrid, late, from, to }: EventFilters) {
  // The API says which kinds there are when it is none of them.
  return { site, node, kind: kind as Kind | undefined, vrid, late, ...readSpan({ from, to }, Date.now()) }
}

export function mountEvents(program: Command): void {
  const command = program
    .command('events')
    .description('list what the agents observed, oldest first')
    .option('--follow', 'go on with what happens now, until Ctrl-C; with --json one event a line')
  withEventFilters(command).option(
    '--limit <count>',
    'the newest so many (default: 50; with --follow 10)',
    wholeNumber(0, 100_000),
  )
  withFleetOptions(command).action((options: EventsOptions) =>
    options.follow ? follow(options) : list(options),
  )
}

async function list(options: EventsOptions): Promise<void> {
  const client = await connectFleet(options)
  const { items, nextCursor } = await newest(client, options, options.limit ?? 50)
  if (items.length === 0) await refuseAbsent(client, { site: options.site, node: options.node })
  if (options.json) return printJson({ items, nextCursor })
  const { describeEvent } = await import('./describe-event.ts')
  if (items.length === 0) {
    const isNarrow = isFiltered(eventQuery(options))
    return console.log(
      isNarrow
        ? 'No event matches. `aloft events` without filters lists the newest.'
        : 'No event so far. `aloft events --follow` waits for the first.',
    )
  }
  for (const event of items) console.log(describeEvent(event))
}

/** The newest events the options select, oldest first. */
async function newest(client: Client, options: EventsOptions, limit: number) {
  if (limit === 0) return { items: [], nextCursor: null }
  const query = { ...eventQuery(options), order: 'desc' } as const
  const { items, nextCursor } = await client.list('GET /api/v1/events', limit, { query })
  return { items: items.toReversed(), nextCursor }
}

async function follow(options: EventsOptions): Promise<void> {
  const client = await connectFleet(options)
  // One that is not there would be waited for in vain.
  await refuseAbsent(client, { site: options.site, node: options.node })
  const { followEvents } = await import('./follow-stream.ts')
  const { describeEvent } = await import('./describe-event.ts')
  const print = (event: Event) => console.log(options.json ? JSON.stringify(event) : describeEvent(event))
  const ended = endOnSignal()
  // The stream stands before the past is read, so that nothing falls between them; what is in both is printed once.
  const past = new Set<string>()
  const onOpen = async () => {
    for (const event of (await newest(client, options, options.limit ?? 10)).items) {
      past.add(event.id)
      print(event)
    }
  }
  const onLost = (why: string, isTryingAgain: boolean) =>
    console.error(`aloft: ${why}${isTryingAgain ? '; trying again' : ''}`)
  for await (const event of followEvents({ client, signal: ended, onLost, onOpen })) {
    if (!past.delete(event.id) && isWanted(event, options)) print(event)
  }
}

/** The same filters as the list has, on what comes from the stream. */
function isWanted(event: Event, { site, node, kind, vrid, late, from, to }: EventsOptions): boolean {
  const span = readSpan({ from, to }, Date.now())
  const isOf = <T>(wanted: T | undefined, actual: T | undefined) => wanted === undefined || wanted === actual
  return (
    isOf(site, event.site) &&
    isOf(node, event.node) &&
    isOf<string>(kind, event.body.kind) &&
    isOf(vrid, 'vrid' in event.body ? (event.body.vrid ?? undefined) : undefined) &&
    isOf(late, event.late) &&
    (span.from === undefined || event.occurredAt >= span.from) &&
    (span.to === undefined || event.occurredAt < span.to)
  )
}

/** Ctrl-C is how following ends, and no failure. */
function endOnSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort())
  return controller.signal
}

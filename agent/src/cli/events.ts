import type { Event } from '@aloft/shared/api/schemas'
import type { Command } from 'commander'
import type { ApiClient } from './api-client.ts'
import { connectFleet, type FleetOptions, wholeNumber, withFleetOptions } from './fleet-command.ts'
import { readInstant } from './instant.ts'

interface EventsOptions extends FleetOptions {
  readonly follow?: boolean
  readonly site?: string
  readonly node?: string
  readonly from?: string
  readonly to?: string
  readonly limit?: number
}

export function mountEvents(program: Command): void {
  const command = program
    .command('events')
    .description('list what the agents observed, oldest first')
    .option('--follow', 'go on with what happens now, until Ctrl-C; with --json one event a line')
    .option('--site <site>', 'of one site only')
    .option('--node <node>', 'of one node only')
    .option('--from <when>', 'not before this instant (2026-11-22T21:00:00Z) or this long ago (1h)')
    .option('--to <when>', 'before this instant or this long ago; not with --follow')
    .option('--limit <count>', 'the newest so many (default: 50; with --follow 10)', wholeNumber(0, 100_000))
  withFleetOptions(command).action((options: EventsOptions) =>
    options.follow ? follow(options) : list(options),
  )
}

async function list(options: EventsOptions): Promise<void> {
  const client = await connectFleet(options)
  const { items, nextCursor } = await newest(client, options, options.limit ?? 50)
  if (options.json) return console.log(JSON.stringify({ items, nextCursor }, null, 2))
  const { describeEvent } = await import('./describe-event.ts')
  if (items.length === 0) return console.log('No event. `aloft events --follow` waits for the next one.')
  for (const event of items) console.log(describeEvent(event))
}

/** The newest events the options select, oldest first. */
async function newest(client: ApiClient, options: EventsOptions, limit: number) {
  const { site, node, from, to } = options
  const filters = {
    site,
    node,
    from: from === undefined ? undefined : readInstant('--from', from, Date.now()),
    to: to === undefined ? undefined : readInstant('--to', to, Date.now()),
    order: 'desc',
  }
  if (limit === 0) return { items: [], nextCursor: null }
  const { Event: schema } = await import('@aloft/shared/api/schemas')
  const { items, nextCursor } = await client.list(schema, 'events', { limit, filters })
  return { items: items.reverse(), nextCursor }
}

async function follow(options: EventsOptions): Promise<void> {
  const client = await connectFleet(options)
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
    const isWanted = [options.site ?? event.site, options.node ?? event.node]
    if (past.delete(event.id) || isWanted[0] !== event.site || isWanted[1] !== event.node) continue
    print(event)
  }
}

/** Ctrl-C is how following ends, and no failure. */
function endOnSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort())
  return controller.signal
}

import type { CentreKey } from '@aloft/client/api.generated'
import type { Command } from 'commander'
import { connectFleet, type FleetOptions, printJson, withFleetOptions } from './fleet-command.ts'
import { showInstant } from './instant.ts'

/** `aloft centre-key`: what the centre proves itself to agents with. */
export function mountCentreKey(program: Command): void {
  const command = program
    .command('centre-key')
    .description('show the key the centre proves itself to agents with')
  withFleetOptions(command).action(async (options: FleetOptions) => {
    const client = await connectFleet(options)
    show(await client.call('GET /api/v1/centre-key'), options)
  })
  const rotate = command
    .command('rotate')
    .description('make a new one, signed by the old one; agents follow at their next session')
  withFleetOptions(rotate).action(async () => {
    const options: FleetOptions = rotate.optsWithGlobals()
    const client = await connectFleet(options)
    show(await client.call('POST /api/v1/centre-key/rotate'), options)
  })
}

function show(key: CentreKey, options: FleetOptions): void {
  if (options.json) printJson(key)
  else console.log([key.key, ...key.previous.slice(0, 1).map(followed)].join('\n'))
}

function followed({ key, acceptedUntil }: CentreKey['previous'][number]): string {
  return `It follows ${key}, which is accepted until ${showInstant(acceptedUntil)} UTC.`
}

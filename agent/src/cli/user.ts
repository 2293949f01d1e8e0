import type { Command } from 'commander'
import { aboutOne } from './absent.ts'
import { connectFleet, type FleetOptions, printJson, withFleetOptions } from './fleet-command.ts'
import { type GrantOptions, grantsOf, showGrants, withGrantOptions, withSitesOf } from './grants.ts'
import { showAgo } from './instant.ts'
import { formatTable } from './table.ts'

interface CreateOptions extends FleetOptions, GrantOptions {
  readonly withoutPassword?: boolean
}

export function mountUser(program: Command): void {
  const user = program.command('user').description('people who sign in')
  const create = user
    .command('create')
    .description('make a user and print a password for it, once')
    .argument('<name>')
    .option('--without-password', 'it cannot sign in until `reset-password`')
  withFleetOptions(withGrantOptions(create)).action(createUser)
  withFleetOptions(user.command('list').description('list users')).action(listUsers)
  const grant = user
    .command('grant')
    .description('set what a user may, in place of what it may now')
    .argument('<user>')
  withFleetOptions(withGrantOptions(grant)).action(
    async (name: string, options: FleetOptions & GrantOptions) =>
      change(name, { grants: grantsOf(options) }, options),
  )
  for (const [verb, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const) {
    const about = disabled ? 'sign a user out everywhere and let it in no more' : 'let a user in again'
    const command = user.command(verb).description(about).argument('<user>')
    withFleetOptions(command).action((name: string, options: FleetOptions) =>
      change(name, { disabled }, options),
    )
  }
  const reset = user.command('reset-password').description('print a new password, once').argument('<user>')
  withFleetOptions(reset).action(resetPassword)
}

async function createUser(name: string, options: CreateOptions): Promise<void> {
  const client = await connectFleet(options)
  const password = options.withoutPassword ? null : ({ generate: true } as const)
  const grants = grantsOf(options)
  const made = await withSitesOf(client, grants, () =>
    client.call('POST /api/v1/users', { body: { name, grants, password } }),
  )
  if (options.json) return printJson(made)
  if (made.password !== undefined) console.log(made.password)
  const next =
    made.password === undefined
      ? `It has no password; \`aloft user reset-password ${made.name}\` gives it one.`
      : 'The password is not shown again.'
  console.error(`User ${made.name} may: ${showGrants(made.grants)}. ${next}`)
  if (made.grants.length === 0)
    console.error(`\`aloft user grant ${made.name} --role ROLE\` says what it may.`)
}

async function listUsers(options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  const users = await client.list('GET /api/v1/users', Number.POSITIVE_INFINITY)
  if (options.json) return printJson(users)
  if (users.items.length === 0)
    return console.log('No user yet. `aloft user create NAME --role admin` makes one.')
  const now = Date.now()
  const rows = users.items.map(({ name, grants, lastSignInAt, disabledAt }) => [
    name,
    disabledAt === null ? 'enabled' : 'disabled',
    showGrants(grants),
    lastSignInAt === null ? 'never' : showAgo(lastSignInAt, now),
  ])
  console.log(formatTable(['NAME', 'STATE', { title: 'MAY', soft: 16 }, 'SIGNED IN'], rows))
}

async function change(
  user: string,
  body: { readonly grants?: ReturnType<typeof grantsOf>; readonly disabled?: boolean },
  options: FleetOptions,
): Promise<void> {
  const client = await connectFleet(options)
  const now = await withSitesOf(client, body.grants, () =>
    aboutOne(client, { kind: 'user', name: user }, () =>
      client.call('PATCH /api/v1/users/{id}', { path: { id: user }, body }),
    ),
  )
  if (options.json) return printJson(now)
  console.log(
    `User ${now.name} is ${now.disabledAt === null ? 'enabled' : 'disabled'} and may: ${showGrants(now.grants)}`,
  )
}

async function resetPassword(user: string, options: FleetOptions): Promise<void> {
  const client = await connectFleet(options)
  const body = { password: { generate: true } } as const
  const reset = await aboutOne(client, { kind: 'user', name: user }, () =>
    client.call('POST /api/v1/users/{id}/password', { path: { id: user }, body }),
  )
  if (options.json) return printJson(reset)
  console.log(reset.password)
  console.error('Its sessions have ended. The password is not shown again.')
}

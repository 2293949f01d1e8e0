import type { Grant } from '@aloft/client/api.generated'
import type { Client } from '@aloft/client/client'
import { ApiProblem } from '@aloft/client/problem'
import type { Command } from 'commander'
import { refuseAbsent } from './absent.ts'
import { WrongUsage } from './outcome.ts'

export interface GrantOptions {
  readonly role?: readonly string[]
}

const ROLES = ['viewer', 'operator', 'author', 'approver', 'admin'] as const

export function withGrantOptions(command: Command): Command {
  return command.option(
    '--role <role...>',
    `what it may: ${ROLES.join(', ')}; everywhere, or at some sites as operator@paris,rome`,
  )
}

/** `operator@paris,rome` is operator at two sites; `viewer` is viewer everywhere. Throws `WrongUsage`. */
export function grantsOf({ role = [] }: GrantOptions): Grant[] {
  return role.map((text) => {
    const [name, sites] = text.split('@')
    const known = ROLES.find((one) => one === name)
    if (known === undefined) throw new WrongUsage(`--role ${text}: the roles are ${ROLES.join(', ')}`)
    return { role: known, sites: sites === undefined ? null : sites.split(',') }
  })
}

export function showGrants(grants: readonly Grant[]): string {
  if (grants.length === 0) return 'nothing'
  return grants.map(({ role, sites }) => (sites === null ? role : `${role}@${sites.join(',')}`)).join(' ')
}

/** Runs what gives these grants; a site that is not there is told with the nearest that is. */
export async function withSitesOf<T>(
  client: Client,
  grants: readonly Grant[] | undefined,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const isRefused = error instanceof ApiProblem && error.status === 400
    const sites = isRefused ? (grants ?? []).flatMap((grant) => grant.sites ?? []) : []
    for (const site of sites) await refuseAbsent(client, { site })
    throw error
  }
}

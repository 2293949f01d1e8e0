import type { Grant } from '@aloft/client/api.generated'
import type { Command } from 'commander'
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

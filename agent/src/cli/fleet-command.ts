import type { Client } from '@aloft/client/client'
import { type Command, InvalidArgumentError } from 'commander'
import { WrongUsage } from './outcome.ts'

/** What every fleet command is given. */
export interface FleetOptions {
  readonly url?: string
  readonly token?: string
  readonly json?: boolean
}

const URL_DEFAULT = 'http://127.0.0.1:8080'

export function withFleetOptions(command: Command): Command {
  return command
    .option('--url <url>', `address of the control plane (default: ALOFT_URL, or ${URL_DEFAULT})`)
    .option('--token <token>', 'API token (default: ALOFT_TOKEN)')
    .option('--json', 'print JSON as the API answers it')
}

/** Throws `WrongUsage` when the options and the environment name no token or no such URL. */
export async function connectFleet(options: FleetOptions): Promise<Client> {
  const url = options.url ?? process.env['ALOFT_URL'] ?? URL_DEFAULT
  const token = options.token ?? process.env['ALOFT_TOKEN']
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
    throw new WrongUsage(`${url} is not the URL of a control plane; write http://HOST:PORT or https://HOST`)
  }
  if (token === undefined || token.trim() === '') {
    throw new WrongUsage(
      'no API token: set ALOFT_TOKEN or give --token; the control plane wrote one to DATA-DIR/admin-token at its first start',
    )
  }
  const { createClient } = await import('@aloft/client/client')
  return createClient({ url: url.replace(/\/+$/, ''), token: token.trim() })
}

/** As the API answers it, to be read by a program. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2))
}

/** Whether any filter was given: an empty list then means something else. */
export function isFiltered(filters: Readonly<Record<string, unknown>>): boolean {
  return Object.values(filters).some((value) => value !== undefined)
}

/** Reads the argument of an option that is a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`)
  }
}

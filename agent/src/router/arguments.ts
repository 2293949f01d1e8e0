/** The router's command line. Written by the steward or a systemd unit, so it is small and strict. */

export interface RouterArguments {
  readonly stateDir: string
  /** How to start a steward again that was killed: program and arguments. Null: somebody else sees to it. */
  readonly stewardCommand: readonly string[] | null
  /** Takes the place of the router that runs as this process; null: there is none, or it is dead. */
  readonly succeeds: number | null
  /** Record every input to a file in this folder (`--record`, ALOFT_RECORD). */
  readonly record: string | null
}

/** Throws an Error that says what is wrong with the arguments. */
export function parseRouterArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): RouterArguments {
  let stateDir: string | null = null
  let succeeds: number | null = null
  let stewardCommand: readonly string[] | null = null
  let record = environment['ALOFT_RECORD'] || null
  for (let i = 0; i < args.length; i += 2) {
    const value = args[i + 1]
    if (value === undefined) throw new Error(`${args[i]} needs a value`)
    if (args[i] === '--state-dir') stateDir = value
    else if (args[i] === '--steward-command') stewardCommand = parseCommand(value)
    else if (args[i] === '--succeeds') succeeds = Number(value)
    else if (args[i] === '--record') record = value
    else throw new Error(`unknown argument ${args[i]}`)
  }
  if (stateDir === null) throw new Error('--state-dir is required')
  if (succeeds !== null && !(Number.isInteger(succeeds) && succeeds > 0))
    throw new Error('--succeeds takes a pid')
  return { stateDir, stewardCommand, succeeds, record }
}

function parseCommand(text: string): readonly string[] {
  const value: unknown = JSON.parse(text)
  const isCommand =
    Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'string')
  if (!isCommand) throw new Error('--steward-command takes a JSON array of strings')
  return value
}

import { CommanderError } from 'commander'
import { fleetFailure, isMisunderstood } from './fleet-failure.ts'
import { Answered, Refused, WrongUsage } from './outcome.ts'
import { createProgram } from './program.ts'

/** The entry of the `aloft` bundle: runs one command and turns how it ended into an exit code (design §3.1). */
async function main(): Promise<number> {
  try {
    await createProgram().parseAsync(process.argv)
    return 0
  } catch (error) {
    return exitCode(error)
  }
}

function exitCode(error: unknown): number {
  // Commander has printed its message already. Help and the version are answers; all else is wrong usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof Answered) return error.exitCode
  if (error instanceof Refused || error instanceof WrongUsage) {
    process.stderr.write(`aloft: ${error.message}\n`)
    return error instanceof WrongUsage ? 2 : 1
  }
  const text = fleetFailure(error) ?? (error instanceof Error ? error.message : String(error))
  const isVerbose = process.env['ALOFT_DEBUG'] !== undefined && error instanceof Error
  process.stderr.write(`aloft: ${isVerbose ? error.stack : text}\n`)
  return isMisunderstood(error) ? 2 : 1
}

// `aloft events | head` closes the pipe early; that is the reader's choice and no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})
// Exits by itself rather than when the last handle closes: a kept-alive connection must not hold up a shell script.
process.exit(await main())

/** Whether a program may be run by the agent: a check before the config is taken, not a surprise at the first failover. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { recallAccount } from './accounts.ts'

/**
 * What is wrong with running that command as that user; null: nothing. What root runs must lie where nobody but root
 * can put something else in its place.
 */
export function scriptProblem(
  [program = '', ...args]: readonly string[],
  { user, group }: { readonly user: string | null; readonly group: string | null },
): string | null {
  const account = recallAccount(user, group)
  if (account === null)
    return `there is no user ${user ?? 'of the agent'}${group === null ? '' : ` or group ${group}`}`
  const file = resolved(program)
  if (file === null) return `${program} does not exist`
  if (!statSync(file).isFile()) return `${program} is not a file`
  try {
    accessSync(file, constants.X_OK)
  } catch {
    return `${program} is not executable`
  }
  return account.uid === 0 ? (insecurity(file) ?? interpretedProblem(file, args)) : null
}

/** What an interpreter is given to run is as much a program as the interpreter. */
const INTERPRETER = /^((ba|da|k|z)?sh|python[\d.]*|perl[\d.]*|ruby[\d.]*|node)$/

function interpretedProblem(interpreter: string, [first = '']: readonly string[]): string | null {
  if (!INTERPRETER.test(path.basename(interpreter)) || !first.startsWith('/')) return null
  const file = resolved(first)
  return file === null ? `${first} does not exist` : insecurity(file)
}

function resolved(program: string): string | null {
  try {
    return realpathSync(program)
  } catch {
    return null
  }
}

/** Each folder on the way counts: who may rename one decides what is found in it. A sticky folder lets nobody. */
function insecurity(file: string): string | null {
  for (let place = file; ; place = path.dirname(place)) {
    const { uid, mode } = statSync(place)
    const what = place === file ? place : `${file} lies in ${place}, which`
    if (uid !== 0) return `${what} ${place === file ? 'would run as root and ' : ''}does not belong to root`
    const isSticky =
      place !== file && (mode & constants.S_IFMT) === constants.S_IFDIR && (mode & 0o1000) !== 0
    if ((mode & 0o022) !== 0 && !isSticky)
      return `${what} can be written by others than root, and it would run as root`
    if (place === path.dirname(place)) return null
  }
}

/** Scripts that a killed steward left running: the next one ends them before it starts its own. */
import { readdirSync, readFileSync } from 'node:fs'

/** In the environment of every script, with the state directory of its agent as the value. */
const MARK = 'ALOFT_STATE_DIRECTORY'

export function markOf(stateDirectory: string): Readonly<Record<string, string>> {
  return { [MARK]: stateDirectory }
}

/** Kills the process groups of scripts of this agent's that are still there; how many that were. */
export function killOrphans(stateDirectory: string): number {
  const groups = new Set<number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const group = groupIfOurs(Number(name), stateDirectory)
    if (group !== null) groups.add(group)
  }
  for (const group of groups) {
    try {
      process.kill(-group, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
  return groups.size
}

function groupIfOurs(pid: number, stateDirectory: string): number | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    if (
      !environment.includes(`${MARK}=${stateDirectory}`) ||
      !environment.some((each) => each.startsWith('ALOFT_TRACKER='))
    )
      return null
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Fields after the name, which may hold anything: state, parent, process group.
    const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
    return Number.isInteger(group) && group > 1 ? group : null
  } catch {
    // It ended while we looked, or is not ours to look at.
    return null
  }
}

/** Which file of the state directory is which. Both processes and `aloft status` read the names from here only. */
import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'

export interface StatePaths {
  readonly directory: string
  readonly journal: string
  readonly recordings: string
  readonly runningConfig: string
  readonly routerState: string
  readonly routerAlive: string
  readonly hostChanges: string
  readonly trackerVerdicts: string
  readonly routerSocket: string
  readonly routerPid: string
  readonly routerLock: string
  readonly stewardSocket: string
  readonly stewardPid: string
  readonly stewardLock: string
}

/** sockaddr_un.sun_path is 108 bytes with its terminator (unix(7)). */
const SOCKET_PATH_BYTES_MAX = 107

export function statePaths(stateDir: string): StatePaths {
  const directory = path.resolve(stateDir)
  const at = (name: string) => path.join(directory, name)
  return {
    directory,
    journal: at('journal'),
    recordings: at('recordings'),
    runningConfig: at('running-config.json'),
    routerState: at('router-state.json'),
    routerAlive: at('router-alive'),
    hostChanges: at('host-changes.json'),
    trackerVerdicts: at('tracker-verdicts.json'),
    routerSocket: at('router.sock'),
    routerPid: at('router.pid'),
    routerLock: at('router.lock'),
    stewardSocket: at('steward.sock'),
    stewardPid: at('steward.pid'),
    stewardLock: at('steward.lock'),
  }
}

/**
 * Makes the state directory (0700: it holds the agent's key and its sockets) and the folders in it.
 * Throws an Error whose message names the directory and what to do.
 */
export function prepareStateDirectory(paths: StatePaths): void {
  if (Buffer.byteLength(paths.stewardSocket) > SOCKET_PATH_BYTES_MAX) {
    throw new Error(
      `state directory ${paths.directory} is too long a path for a unix socket in it; choose one under ${SOCKET_PATH_BYTES_MAX - 13} bytes`,
    )
  }
  try {
    const made = mkdirSync(paths.directory, { recursive: true, mode: 0o700 })
    if (made !== undefined) chmodSync(paths.directory, 0o700)
    mkdirSync(paths.journal, { recursive: true, mode: 0o700 })
    mkdirSync(paths.recordings, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(
      `cannot use state directory ${paths.directory}: ${String(error)}; choose another with --state-dir`,
      {
        cause: error,
      },
    )
  }
}

/** Where a demo lives: one folder an account, one lock, one name prefix for its namespaces. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { acquireLock, lockHolder } from '../router/process-lock.ts'
import { clearLeftovers } from './demo-leftovers.ts'

export interface DemoFolder {
  readonly path: string
  /** Of every namespace that belongs to it: two demos with a TMPDIR each do not clear away one another. */
  readonly namespacePrefix: string
  readonly controlSocket: string
  readonly centreSocket: string
  readonly centreData: string
  stateDir(site: string, node: string): string
}

const FOLDER_PREFIX = 'aloft-demo-'
/** unix(7): the path of a socket has 107 bytes at most. */
const SOCKET_PATH_BYTES_MAX = 107
/** The longest of the sockets below the folder. */
const LONGEST_SOCKET = 'agents/amsterdam-lb1/steward.sock'

export function demoFolder(uid: number = process.getuid?.() ?? 0, temporary = os.tmpdir()): DemoFolder {
  const folder = path.join(temporary, `${FOLDER_PREFIX}${uid}`)
  const elsewhere = createHash('sha256').update(folder).digest('hex').slice(0, 8)
  return {
    path: folder,
    namespacePrefix: path.resolve(temporary) === '/tmp' ? 'aloft-demo-' : `aloft-demo.${elsewhere}-`,
    controlSocket: path.join(folder, 'demo.sock'),
    centreSocket: path.join(folder, 'centre.sock'),
    centreData: path.join(folder, 'centre'),
    stateDir: (site, node) => path.join(folder, 'agents', `${site}-${node}`),
  }
}

/** Takes the folder for this process and clears away what a crashed demo left. Throws when another demo runs. */
export async function claimDemoFolder(folder: DemoFolder, say: (line: string) => void): Promise<() => void> {
  if (Buffer.byteLength(path.join(folder.path, LONGEST_SOCKET)) > SOCKET_PATH_BYTES_MAX)
    throw new Error(`${folder.path} is too long a path for unix sockets; set TMPDIR to a shorter one`)
  mkdirSync(folder.path, { recursive: true, mode: 0o755 })
  // The name is predictable and /tmp is everybody's: a folder that somebody else put there is not used.
  const { uid } = lstatSync(folder.path)
  if (uid !== process.getuid?.())
    throw new Error(`${folder.path} belongs to user ${uid}; remove it, then start again`)
  chmodSync(folder.path, 0o755)
  const lock = acquireLock(lockFiles(folder))
  if (!lock.held) {
    throw new Error(
      `a demo is already running (process ${lock.byPid}); end it with Ctrl-C in its terminal, or: kill ${lock.byPid}`,
    )
  }
  const removed = await clearLeftovers(folder)
  if (removed > 0) say(`cleared away what an earlier demo left behind (${removed} processes and namespaces)`)
  return () => {
    lock.release()
    rmdirSync(folder.path)
  }
}

function lockFiles(folder: DemoFolder) {
  return { lock: path.join(folder.path, 'demo.lock'), pid: path.join(folder.path, 'demo.pid') }
}

/** Whether a demo runs now, or is starting or stopping. */
export function runningDemoPid(folder: DemoFolder): number | null {
  return lockHolder(lockFiles(folder).lock)
}

/** The account of a demo on this host that is not ours (`sudo npm start`, then asked without sudo); null if none. */
export function otherDemoAccount(own: DemoFolder): number | null {
  const parent = path.dirname(own.path)
  const others = readdirSync(parent)
    .filter((name) => name.startsWith(FOLDER_PREFIX) && path.join(parent, name) !== own.path)
    .filter((name) => existsSync(path.join(parent, name, 'demo.sock')))
    .map((name) => Number(name.slice(FOLDER_PREFIX.length)))
  return others.find(Number.isInteger) ?? null
}

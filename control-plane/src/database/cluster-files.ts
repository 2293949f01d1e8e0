import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Account, impassableFolder } from './postgres-binaries.ts'

/** The role and the database of our own server. */
export const OWN_NAME = 'aloft'

export interface Cluster {
  /** PostgreSQL's own data directory. */
  readonly folder: string
  readonly socketFolder: string
  readonly logFile: string
  readonly binaries: string
  readonly account: Account
}

/** A unix socket's path has at most 107 bytes (unix(7)), of which PostgreSQL's file name takes 17 with its lock. */
const SOCKET_FOLDER_BYTES_MAX = 85

/** Where the parts of a cluster in `dataDir` lie. Makes the data directory; throws when the server could not reach it. */
export function clusterIn(dataDir: string, binaries: string, account: Account): Cluster {
  mkdirSync(dataDir, { recursive: true, mode: 0o755 })
  const blocked = impassableFolder(dataDir, account)
  if (blocked !== null) {
    throw new Error(
      `PostgreSQL runs as ${account.name}, which may not enter ${blocked}; choose another --data-dir, or chmod o+x it`,
    )
  }
  return {
    folder: path.join(dataDir, 'postgres'),
    socketFolder: socketFolder(dataDir),
    logFile: path.join(dataDir, 'postgres.log'),
    binaries,
    account,
  }
}

function socketFolder(dataDir: string): string {
  const beside = path.join(dataDir, 'postgres-socket')
  if (Buffer.byteLength(beside) <= SOCKET_FOLDER_BYTES_MAX) return beside
  const name = createHash('sha256').update(path.resolve(dataDir)).digest('hex').slice(0, 16)
  return path.join(os.tmpdir(), `aloft-postgres-${name}`)
}

/** Makes the cluster if it is not there. Interrupted, it leaves nothing that would pass for one. */
export async function ensureCluster(cluster: Cluster, progress: (line: string) => void): Promise<void> {
  ownFolder(cluster.socketFolder, cluster.account)
  if (!existsSync(path.join(cluster.folder, 'PG_VERSION'))) {
    progress('Preparing the database (first start only) …')
    const unfinished = `${cluster.folder}.initialising`
    rmSync(unfinished, { recursive: true, force: true })
    ownFolder(unfinished, cluster.account)
    await initialise(cluster, unfinished)
    renameSync(unfinished, cluster.folder)
  }
  await requireSameMajor(cluster)
  allowOnly(cluster)
}

function ownFolder(folder: string, account: Account): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (process.getuid?.() === 0) chownSync(folder, account.uid, account.gid)
}

async function initialise(cluster: Cluster, folder: string): Promise<void> {
  const args = ['-D', folder, '-U', OWN_NAME, '-E', 'UTF8', '--locale=C', '--auth=peer']
  try {
    await run(cluster, 'initdb', args)
  } catch (error) {
    const detail = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new Error(`initdb failed: ${detail}`, { cause: error })
  }
}

async function requireSameMajor(cluster: Cluster): Promise<void> {
  const made = readFileSync(path.join(cluster.folder, 'PG_VERSION'), 'utf8').trim()
  const { stdout } = await run(cluster, 'postgres', ['--version'])
  const ours = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]
  if (made !== ours) {
    throw new Error(
      `${cluster.folder} was made by PostgreSQL ${made}, the installed server is ${ours}; ` +
        'dump it with the old version and restore it, or give --database-url',
    )
  }
}

function run(cluster: Cluster, program: string, args: readonly string[]) {
  return promisify(execFile)(path.join(cluster.binaries, program), args, {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
    ...droppedTo(cluster.account),
  })
}

/** The part of spawn options that makes a child run as `account`. */
export function droppedTo(account: Account): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: account.uid, gid: account.gid } : {}
}

/** Nobody but the control plane's own account may connect, by the kernel's word (peer), without any password. */
function allowOnly(cluster: Cluster): void {
  writeFileSync(path.join(cluster.folder, 'pg_hba.conf'), `local all ${OWN_NAME} peer map=${OWN_NAME}\n`)
  writeFileSync(
    path.join(cluster.folder, 'pg_ident.conf'),
    `${OWN_NAME} ${os.userInfo().username} ${OWN_NAME}\n`,
  )
}

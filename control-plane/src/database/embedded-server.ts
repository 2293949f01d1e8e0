import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SocketAddress } from './client.ts'
import { type Cluster, clusterIn, droppedTo, ensureCluster, OWN_NAME } from './cluster-files.ts'
import { locksPerTransactionFor } from './lock-room.ts'
import { packagedBinaries, reachableBinaries, serverAccount } from './postgres-binaries.ts'
import { readPostmaster, stopLeftover, waitForEnd } from './postmaster.ts'

export interface EmbeddedServerOptions {
  readonly dataDir: string
  /** Folder of `postgres` and `initdb`; default: those npm installed. */
  readonly binaries?: string
  /** Partitions of `events` there will be, for which it must have room for locks; default: those of the usual 90 days. */
  readonly partitions?: number
  /** More settings, `name=value`. */
  readonly settings?: readonly string[]
  readonly progress?: (line: string) => void
  readonly warn?: (line: string) => void
}

/** A PostgreSQL of our own, kept running until `stop`. */
export interface EmbeddedServer {
  readonly address: SocketAddress
  /** The running server's process, or null while it is being restarted. */
  pid(): number | null
  stop(): Promise<void>
}

const USUAL_PARTITIONS = 99
const START_TIMEOUT_MS = 60_000
const RESTART_DELAYS_MS = [0, 100, 250, 500, 1_000]

/**
 * Starts PostgreSQL in `DATA-DIR/postgres` on a unix socket alone, as an unprivileged account, with its own session so
 * that Ctrl-C reaches it only through us. A server left over by a killed control plane is stopped first. If it dies it
 * is started again at once.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const account = serverAccount()
  const dataDir = path.resolve(options.dataDir)
  const found = options.binaries ?? packagedBinaries()
  const cluster = clusterIn(dataDir, reachableBinaries(found, dataDir, account), account)
  await ensureCluster(cluster, options.progress ?? (() => {}))
  await stopLeftover(cluster.folder, options.progress ?? (() => {}))
  const keeper: Keeper = { cluster, options, child: null, ready: false, stopping: false, restarts: 0 }
  await launch(keeper)
  return {
    address: { socketFolder: cluster.socketFolder, user: OWN_NAME, database: DATABASE },
    pid: () => (keeper.ready ? (keeper.child?.pid ?? null) : null),
    stop: () => stop(keeper),
  }
}

/** initdb makes this one; ours needs no other. */
const DATABASE = 'postgres'

interface Keeper {
  readonly cluster: Cluster
  readonly options: EmbeddedServerOptions
  child: ChildProcess | null
  ready: boolean
  stopping: boolean
  restarts: number
}

async function launch(keeper: Keeper): Promise<void> {
  const child = spawnServer(keeper)
  keeper.child = child
  child.once('exit', (code, signal) => {
    const wasReady = keeper.ready
    keeper.ready = false
    keeper.child = null
    if (keeper.stopping || !wasReady) return
    keeper.options.warn?.(`PostgreSQL ended (${signal ?? `exit ${code}`}); starting it again`)
    keeper.restarts = 0
    void restart(keeper)
  })
  await untilReady(keeper, child)
  keeper.ready = true
}

/** Right after a kill -9 the old server's children may still hold its shared memory for a moment: tried until it works. */
async function restart(keeper: Keeper): Promise<void> {
  while (!keeper.stopping) {
    await sleep(RESTART_DELAYS_MS[keeper.restarts++] ?? 2_000)
    if (keeper.stopping) return
    try {
      return await launch(keeper)
    } catch (error) {
      keeper.options.warn?.(error instanceof Error ? error.message : String(error))
    }
  }
}

function spawnServer({ cluster, options }: Keeper): ChildProcess {
  // A file and not a pipe: the server must be able to write its log when we are gone.
  const log = openSync(cluster.logFile, 'a', 0o600)
  const locks = locksPerTransactionFor(options.partitions ?? USUAL_PARTITIONS)
  const settings = [
    'listen_addresses=',
    'unix_socket_permissions=0700',
    `max_locks_per_transaction=${locks}`,
    ...(options.settings ?? []),
  ]
  try {
    return spawn(
      path.join(cluster.binaries, 'postgres'),
      ['-D', cluster.folder, '-k', cluster.socketFolder, '-p', '5432', ...settings.flatMap((s) => ['-c', s])],
      {
        cwd: '/',
        detached: true,
        stdio: ['ignore', log, log],
        env: { LC_ALL: 'C', TZ: 'UTC' },
        ...droppedTo(cluster.account),
      },
    )
  } finally {
    closeSync(log)
  }
}

async function untilReady({ cluster }: Keeper, child: ChildProcess): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      reject(new Error(`PostgreSQL did not start (${signal ?? `exit ${code}`}); see ${cluster.logFile}`)),
    )
  })
  // The race below is over when it is ready; a later exit is the business of `launch`.
  failed.catch(() => {})
  const giveUpAtMs = performance.now() + START_TIMEOUT_MS
  while (performance.now() < giveUpAtMs) {
    const postmaster = readPostmaster(cluster.folder)
    if (postmaster?.pid === child.pid && postmaster?.status === 'ready') return
    await Promise.race([failed, sleep(10)])
  }
  throw new Error(`PostgreSQL was not ready after ${START_TIMEOUT_MS / 1_000} s; see ${cluster.logFile}`)
}

async function stop(keeper: Keeper): Promise<void> {
  keeper.stopping = true
  const pid = keeper.child?.pid
  if (pid !== undefined) await waitForEnd(pid, () => keeper.child === null)
}

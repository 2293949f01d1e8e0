/** Replicas of the control plane, as processes of the bundle, on one PostgreSQL; each can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type EmbeddedServer, startEmbeddedServer } from '../../control-plane/src/database/embedded-server.ts'
import { until } from '../lab/wait.ts'

const CONTROL_PLANE = path.join(import.meta.dirname, '../../agent/dist/control-plane.js')
const ADMIN_TOKEN = 'admin-token'

export interface Replica {
  readonly name: string
  /** Null while it is down. */
  readonly port: number | null
  readonly pid: number | null
  readonly log: () => string
  start(): Promise<void>
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

export interface Replicas {
  readonly folder: string
  readonly postgres: EmbeddedServer
  readonly replicas: readonly Replica[]
  /** Of those that answer. */
  ports(): readonly number[]
  /** Good at every replica, for they share the database. */
  readonly adminToken: string
  remove(): Promise<void>
}

export interface ReplicasOptions {
  readonly count: number
  readonly args?: readonly string[]
  readonly settings?: readonly string[]
}

export async function startReplicas({ count, args = [], settings = [] }: ReplicasOptions): Promise<Replicas> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-replicas-'))
  // PostgreSQL runs as another user and must be able to reach its files.
  chmodSync(folder, 0o755)
  const postgres = await startEmbeddedServer({ dataDir: folder, settings })
  const { socketFolder, user } = postgres.address
  const replicas = Array.from({ length: count }, (_, i) =>
    replicaOf({ name: `r${i + 1}`, folder, args, env: { PGHOST: socketFolder, PGUSER: user } }),
  )
  const remove = async () => {
    await Promise.all(replicas.map((replica) => replica.end('SIGKILL')))
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    for (const replica of replicas) await replica.start()
  } catch (error) {
    await remove()
    throw error
  }
  return {
    folder,
    postgres,
    replicas,
    ports: () => replicas.flatMap(({ port }) => port ?? []),
    adminToken: readFileSync(path.join(folder, 'r1', ADMIN_TOKEN), 'utf8').trim(),
    remove,
  }
}

interface ReplicaOptions {
  readonly name: string
  readonly folder: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

function replicaOf({ name, folder, args, env }: ReplicaOptions): Replica {
  let child: ChildProcess | null = null
  let port: number | null = null
  let log = ''
  // Kept across restarts, so that an agent may be told of a replica by its port.
  let wanted = 0
  const start = async () => {
    const given = [
      '--port',
      String(wanted),
      '--data-dir',
      path.join(folder, name),
      '--database-url',
      'postgres:///postgres',
    ]
    const { DATABASE_URL: _, ...inherited } = process.env
    const started = spawn(process.execPath, [CONTROL_PLANE, ...given, ...args], {
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    let said = ''
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk) => {
        said += String(chunk)
        log = (log + String(chunk)).slice(-100_000)
      })
    const found = await until(
      () =>
        (started.exitCode ?? started.signalCode) !== null
          ? 'ended'
          : /^Aloft control plane: https?:\/\/[^:]+:(\d+)$/m.exec(said)?.[1],
      { what: `replica ${name} to be ready`, withinMs: 60_000 },
    )
    if (found === 'ended') throw new Error(`replica ${name} ended:\n${said}`)
    wanted = Number(found)
    port = wanted
  }
  return {
    name,
    get port() {
      return port
    },
    get pid() {
      return child?.pid ?? null
    },
    log: () => log,
    start,
    async end(signal) {
      const ending = child
      port = null
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return
      const ended = once(ending, 'exit')
      ending.kill(signal)
      await ended
    },
  }
}

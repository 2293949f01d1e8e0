/** A real control plane with its own PostgreSQL, that can be killed and started again on the same data. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import type { EnrolmentToken } from '@aloft/shared/api/schemas'
import { until } from './wait.ts'

const ALOFT = path.join(import.meta.dirname, '../../agent/dist/aloft.js')

export interface Centre {
  readonly url: string
  readonly token: string
  /** What agents in namespaces are given: paths cross namespaces, loopback does not. */
  readonly agentUrl: string
  readonly dataDir: string
  log(): string
  get<T>(path: string): Promise<T>
  /** Every item of a list, page by page. */
  getAll<T>(path: string): Promise<T[]>
  createToken(site: string, maxUses?: number): Promise<string>
  start(): Promise<void>
  /** SIGKILL to the control plane alone; its PostgreSQL goes on as an orphan. */
  killCentre(): Promise<void>
  /** SIGKILL to the postmaster. */
  killPostgres(): void
  /** Ends everything and removes the data. */
  remove(): Promise<void>
}

/** Starts a control plane and waits until it is ready. */
export async function startCentre(): Promise<Centre> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-centre-'))
  // PostgreSQL runs as another user and must be able to reach its files.
  chmodSync(folder, 0o755)
  const dataDir = path.join(folder, 'data')
  const socket = path.join(folder, 'centre.sock')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const tokenFile = path.join(dataDir, 'admin-token')
  let child: ChildProcess | null = null
  let log = ''

  async function start(): Promise<void> {
    const args = ['control-plane', '--port', String(port), '--data-dir', dataDir, '--unix-socket', socket]
    const started = spawn(process.execPath, [ALOFT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (chunk) => {
        log = (log + String(chunk)).slice(-200_000)
      })
    }
    const ready = async () => existsSync(tokenFile) && (await fetch(`${url}/readyz`)).ok
    const outcome = await until(async () => (started.exitCode === null ? ready() : 'ended'), {
      what: `the control plane to be ready:\n${log}`,
      withinMs: 40_000,
      everyMs: 50,
    })
    if (outcome === 'ended') throw new Error(`the control plane ended with ${started.exitCode}:\n${log}`)
  }

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`,
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${await response.text()}`)
    return response.json()
  }

  const postmasterFile = path.join(dataDir, 'postgres', 'postmaster.pid')
  const postmasterPid = () => Number(readFileSync(postmasterFile, 'utf8').split('\n')[0])

  await start()
  return {
    url,
    token: readFileSync(tokenFile, 'utf8').trim(),
    agentUrl: `unix:${socket}`,
    dataDir,
    log: () => log,
    get: (path) => ask('GET', path),
    getAll: <T>(path: string) => getAll<T>((page) => ask('GET', page), path),
    createToken: async (site, maxUses = 1) =>
      (await ask<EnrolmentToken>('POST', '/api/v1/enrolment-tokens', { site, maxUses })).token ?? '',
    start,
    async killCentre() {
      const dying = child
      if (dying === null || dying.exitCode !== null || dying.signalCode !== null) return
      dying.kill('SIGKILL')
      await new Promise((resolve) => dying.once('exit', resolve))
    },
    killPostgres() {
      if (existsSync(postmasterFile)) process.kill(postmasterPid(), 'SIGKILL')
    },
    async remove() {
      const ending = child
      if (ending !== null && ending.exitCode === null && ending.signalCode === null) {
        ending.kill('SIGTERM')
        await new Promise((resolve) => ending.once('exit', resolve))
      }
      if (existsSync(postmasterFile)) process.kill(postmasterPid(), 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function getAll<T>(
  get: (path: string) => Promise<{ items: T[]; nextCursor: string | null }>,
  path: string,
): Promise<T[]> {
  const items: T[] = []
  let next: string | null = path
  while (next !== null) {
    const page: { items: T[]; nextCursor: string | null } = await get(next)
    items.push(...page.items)
    next = page.nextCursor === null ? null : `${path}&cursor=${encodeURIComponent(page.nextCursor)}`
  }
  return items
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      )
    })
  })
}

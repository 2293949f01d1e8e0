import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { stopLeftover } from './database/postmaster.ts'

/** A real `aloft control-plane` process. */
interface Running {
  readonly child: ChildProcess
  readonly url: string
  readonly dataDir: string
  readonly output: () => string
  end(signal: NodeJS.Signals): Promise<number | null>
}

const main = path.join(import.meta.dirname, 'main.ts')
const folders: string[] = []
const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  for (const folder of folders.splice(0)) {
    await stopLeftover(path.join(folder, 'postgres'), () => {})
    rmSync(folder, { recursive: true, force: true })
  }
})

function newFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-command-'))
  chmodSync(folder, 0o755)
  folders.push(folder)
  return folder
}

function launch(args: readonly string[], env: Record<string, string> = {}) {
  const { DATABASE_URL: _, ...inherited } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += String(text)))
  return { child, output: () => output }
}

async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<Awaited<T>>> {
  const giveUpAtMs = performance.now() + 30_000
  while (performance.now() < giveUpAtMs) {
    const found = await look()
    if (found) return found
    await sleep(20)
  }
  throw new Error(`not within 30 s: ${what}`)
}

async function start(dataDir: string, args: readonly string[] = []): Promise<Running> {
  const { child, output } = launch(['--port', '0', '--data-dir', dataDir, ...args])
  const url = await until(`a control plane in ${dataDir}: ${output()}`, () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${output()}`)
    return /Sign in/.test(output()) ? /^Aloft control plane: (\S+)$/m.exec(output())?.[1] : null
  })
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    return child.exitCode
  }
  return { child, url, dataDir, output, end }
}

async function refusal(args: readonly string[], env: Record<string, string> = {}) {
  const { child, output } = launch(args, env)
  await once(child, 'exit')
  return { code: child.exitCode, output: output() }
}

const postgresPid = (dataDir: string) =>
  Number(readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])

const get = (running: Running, route: string) =>
  fetch(running.url + route, {
    headers: {
      authorization: `Bearer ${readFileSync(path.join(running.dataDir, 'admin-token'), 'utf8').trim()}`,
    },
  })

it('starts, lets in by link and by token, stops on SIGTERM with nothing left', async () => {
  const running = await start(path.join(newFolder(), 'data'))
  expect(running.output()).toContain('Preparing the database (first start only)')
  expect(statSync(path.join(running.dataDir, 'admin-token')).mode & 0o777).toBe(0o600)
  expect((await get(running, '/api/v1/sites')).status).toBe(200)
  const link = /^Sign in.*: (http\S+)$/m.exec(running.output())?.[1] ?? ''
  expect((await fetch(link, { redirect: 'manual' })).status).toBe(303)
  const pid = postgresPid(running.dataDir)
  expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(path.join(running.dataDir, 'postgres'))
  expect(await running.end('SIGTERM')).toBe(0)
  expect(existsSync(`/proc/${pid}`)).toBe(false)
  expect(existsSync(path.join(running.dataDir, 'control-plane.lock'))).toBe(false)
})

it('listens on a unix socket too, in place of one left behind', async () => {
  const folder = newFolder()
  const socket = path.join(folder, 'aloft.sock')
  const first = await start(folder, ['--unix-socket', socket])
  await first.end('SIGKILL')
  expect(existsSync(socket)).toBe(true)
  await start(folder, ['--unix-socket', socket])
  const connection = net.connect(socket)
  await once(connection, 'connect')
  connection.destroy()
})

it('after kill -9 the next start meets the PostgreSQL left behind, and what was stored', async () => {
  const folder = newFolder()
  const first = await start(folder)
  const token = readFileSync(path.join(folder, 'admin-token'), 'utf8')
  const answer = await fetch(`${first.url}/api/v1/enrolment-tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' },
    body: '{"site":"paris"}',
  })
  expect(answer.status).toBe(201)
  const left = postgresPid(folder)
  await first.end('SIGKILL')
  expect(existsSync(`/proc/${left}`)).toBe(true)
  const second = await start(folder)
  expect(second.output()).toContain(`Stopping the PostgreSQL (pid ${left}) that an earlier run left behind`)
  expect(readFileSync(path.join(folder, 'admin-token'), 'utf8')).toBe(token)
  expect((await (await get(second, '/api/v1/sites')).json()).items).toMatchObject([{ name: 'paris' }])
})

it('a killed PostgreSQL is started again; meanwhile 503, Retry-After and a red readyz', async () => {
  const running = await start(newFolder())
  for (let i = 0; i < 3; i++) {
    const before = postgresPid(running.dataDir)
    process.kill(before, 'SIGKILL')
    const answers = new Set<number>()
    await until('the API answers again', async () => {
      const answer = await get(running, '/api/v1/sites')
      answers.add(answer.status)
      if (answer.status === 503) {
        expect(answer.headers.get('retry-after')).toBe('1')
        expect((await answer.json()).type).toBe('urn:aloft:problem:unavailable')
      }
      return answers.has(503) && answer.status === 200
    })
    expect([...answers].sort()).toEqual([200, 503].filter((status) => answers.has(status)))
    expect(postgresPid(running.dataDir)).not.toBe(before)
    expect((await get(running, '/readyz')).status).toBe(200)
  }
  expect(running.output()).toContain('PostgreSQL ended (SIGKILL); starting it again')
})

it('a PostgreSQL that hangs makes readyz red', async () => {
  const running = await start(newFolder())
  const pid = postgresPid(running.dataDir)
  // Its processes of the pool hang, not only the one that accepts connections.
  const all = [pid, ...childrenOf(pid)]
  for (const process_ of all) process.kill(process_, 'SIGSTOP')
  const answer = await get(running, '/readyz')
  for (const process_ of all) process.kill(process_, 'SIGCONT')
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  await until('readyz is green again', async () => (await get(running, '/readyz')).ok)
})

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
}

it('a browser that goes away is no longer followed by the stream', async () => {
  const running = await start(newFolder())
  const followers = async () =>
    Number(/^aloft_stream_followers (\d+)$/m.exec(await (await get(running, '/metrics')).text())?.[1])
  const headers = {
    authorization: `Bearer ${readFileSync(path.join(running.dataDir, 'admin-token'), 'utf8').trim()}`,
  }
  const away = new AbortController()
  const streams = await Promise.all(
    [1, 2, 3].map(() => fetch(`${running.url}/api/v1/stream`, { headers, signal: away.signal })),
  )
  for (const stream of streams) expect(stream.status).toBe(200)
  await until('three follow', async () => (await followers()) === 3)
  away.abort()
  await until('nobody follows', async () => (await followers()) === 0)
})

it('a data directory in use is refused with the pid and the directory', async () => {
  const running = await start(newFolder())
  const { code, output } = await refusal(['--port', '0', '--data-dir', running.dataDir])
  expect(code).toBe(1)
  expect(output).toContain(
    `aloft: data directory ${running.dataDir} is in use by another control plane (pid ${running.child.pid})`,
  )
  expect((await get(running, '/readyz')).status).toBe(200)
})

it('a port that is taken is refused before anything is made', async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : null
  const dataDir = path.join(newFolder(), 'data')
  const { code, output } = await refusal(['--port', String(port), '--data-dir', dataDir])
  server.close()
  expect([code, output.trim()]).toEqual([
    1,
    `aloft: 127.0.0.1 port ${port} is already in use; choose another --port`,
  ])
  expect(existsSync(path.join(dataDir, 'postgres'))).toBe(false)
  expect(existsSync(path.join(dataDir, 'control-plane.lock'))).toBe(false)
})

it.each([
  [['--port', '70000'], 2, '--port must be a port, 0 to 65535, not "70000"'],
  [['--colour', 'red'], 2, "Unknown option '--colour'"],
])('%j is wrong usage', async (args, expected, message) => {
  const { code, output } = await refusal(args)
  expect([code, output]).toEqual([expected, expect.stringContaining(message)])
})

it('a wrong ALOFT_PORT and a database that is not there are said', async () => {
  const args = ['--data-dir', newFolder()]
  const port = await refusal(args, { ALOFT_PORT: 'http' })
  expect([port.code, port.output]).toEqual([2, expect.stringContaining('ALOFT_PORT must be a port')])
  const url = 'postgres://nobody@127.0.0.1:1/none'
  const database = await refusal([...args, '--port', '0', '--database-url', url])
  expect([database.code, database.output]).toEqual([
    1,
    expect.stringContaining('the database is not answering (ECONNREFUSED)'),
  ])
})

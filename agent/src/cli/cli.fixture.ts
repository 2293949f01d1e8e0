import { spawn } from 'node:child_process'
import path from 'node:path'

/** The command line as a user runs it, from its sources: a process, its output, its exit code. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly cwd?: string
  /** Without what root may do beyond others; the account stays, so that it can read the checkout wherever it lies. */
  readonly powerless?: boolean
  /** Told of stdout as it comes; what it returns `true` for ends the process by Ctrl-C. */
  readonly until?: (stdout: string) => boolean
}

export function aloft(
  args: readonly string[],
  { env = {}, stdin = '', cwd, powerless = false, until }: RunOptions = {},
): Promise<Ran> {
  const entry = path.join(import.meta.dirname, 'aloft.ts')
  const { ALOFT_URL: _url, ALOFT_TOKEN: _token, ...inherited } = process.env
  const node = [process.execPath, '--import', import.meta.resolve('tsx'), entry, ...args]
  const drop =
    powerless && process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : []
  const [command = '', ...rest] = [...drop, ...node]
  const child = spawn(command, rest, {
    env: { ...inherited, ...env },
    cwd,
  })
  const ran = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.stdout += text
    if (until?.(ran.stdout)) child.kill('SIGINT')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.stderr += text
  })
  child.stdin.on('error', () => {}).end(stdin)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ ...ran, code }))
  })
}

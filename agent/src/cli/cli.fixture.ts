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
  /** As another user. */
  readonly uid?: number
  /** Told of stdout as it comes; what it returns `true` for ends the process by Ctrl-C. */
  readonly until?: (stdout: string) => boolean
}

export function aloft(
  args: readonly string[],
  { env = {}, stdin = '', cwd, uid, until }: RunOptions = {},
): Promise<Ran> {
  const entry = path.join(import.meta.dirname, 'aloft.ts')
  const { ALOFT_URL: _url, ALOFT_TOKEN: _token, ...inherited } = process.env
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), entry, ...args], {
    env: { ...inherited, ...env },
    cwd,
    ...(uid !== undefined && { uid }),
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

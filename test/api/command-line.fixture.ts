/** The fleet commands against the application over a real socket. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { TestApplication } from '@aloft/control-plane/http/test-application'
import { aloft, type Ran } from '../../agent/src/cli/cli.fixture.ts'

export interface OnTerminal {
  readonly code: number | null
  readonly shown: string
}

export interface ServedApplication {
  readonly url: string
  /** Words by spaces; as the admin unless another token is given. */
  run(args: string, as?: string): Promise<Ran>
  /** On a terminal of 80 columns; `typed` is called, and typed, when something is asked. */
  onTerminal(args: string, typed?: () => Promise<string>): Promise<OnTerminal>
  close(): void
}

export async function serve(app: TestApplication, cwd?: string): Promise<ServedApplication> {
  const server = app.server()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    run: (args, as = app.admin) =>
      aloft(args.split(' '), { env: { ALOFT_URL: url, ALOFT_TOKEN: as }, ...(cwd && { cwd }) }),
    onTerminal: (args, typed) => onTerminal({ ALOFT_URL: url, ALOFT_TOKEN: app.admin }, args, typed),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** script(1) makes the terminal. */
async function onTerminal(
  env: Readonly<Record<string, string>>,
  args: string,
  typed: (() => Promise<string>) | undefined,
): Promise<OnTerminal> {
  const entry = path.resolve(import.meta.dirname, '../../agent/src/cli/aloft.ts')
  const command = `stty cols 80; ${process.execPath} --import ${import.meta.resolve('tsx')} ${entry} ${args}`
  const child = spawn('/usr/bin/script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...process.env, ...env },
  })
  let shown = ''
  let isAsked = false
  child.stdout.setEncoding('utf8').on('data', async (text: string) => {
    shown += text
    if (isAsked || typed === undefined || !shown.includes('[y/N]')) return
    isAsked = true
    child.stdin.write(await typed())
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, shown: shown.replaceAll('\r\n', '\n') }
}

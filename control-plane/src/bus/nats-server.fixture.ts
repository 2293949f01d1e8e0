import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Debian's nats-server on a loopback port of its own, for tests. */
export interface TestNats {
  readonly url: string
  /** Ends it at once; messages under way are lost. */
  kill(): Promise<void>
  /** On the same port again; with a password that nobody here knows, if asked. */
  start(options?: { readonly locked: boolean }): Promise<void>
}

export async function startTestNats(): Promise<TestNats> {
  const port = await freePort()
  let server: ChildProcess | null = null
  const start = async ({ locked = false } = {}): Promise<void> => {
    const lock = locked ? ['--user', 'somebody', '--pass', 'else'] : []
    const child = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port), ...lock], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    })
    server = child
    let said = ''
    child.stderr.on('data', (data) => {
      said += data
    })
    for (const giveUpAtMs = Date.now() + 10_000; !said.includes('Server is ready'); await sleep(10)) {
      if (child.exitCode !== null || Date.now() > giveUpAtMs)
        throw new Error(`nats-server did not start:\n${said}`)
    }
  }
  await start()
  return {
    url: `nats://127.0.0.1:${port}/test`,
    start,
    kill: async () => {
      const child = server
      if (child === null || child.exitCode !== null || child.signalCode !== null) return
      const over = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await over
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** Starts a `fleet-process.ts` and gives it orders, one after the other. */
import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import type { FleetAnswer, FleetOrder } from './fleet-process.ts'

export interface FleetProcess {
  readonly pid: number
  obey(order: FleetOrder): Promise<FleetAnswer>
  end(): Promise<void>
}

export async function startFleetProcess(env: Readonly<Record<string, string>> = {}): Promise<FleetProcess> {
  const child = fork(path.join(import.meta.dirname, 'fleet-process.ts'), {
    execArgv: ['--import', 'tsx', '--max-old-space-size=4096'],
    env: { ...process.env, ...env },
    serialization: 'advanced',
  })
  await nextAnswer(child)
  return {
    pid: child.pid ?? 0,
    obey: (order) => {
      const answer = nextAnswer(child)
      child.send(order)
      return answer
    },
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.disconnect()
      setTimeout(() => child.kill('SIGKILL'), 5_000).unref()
      await ended
    },
  }
}

function nextAnswer(child: ChildProcess): Promise<FleetAnswer> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`the fleet's process ended with ${code}`))
    child.once('exit', gone)
    child.once('message', (message: { readonly answer?: FleetAnswer; readonly error?: string }) => {
      child.off('exit', gone)
      if (message.answer === undefined) reject(new Error(message.error))
      else resolve(message.answer)
    })
  })
}

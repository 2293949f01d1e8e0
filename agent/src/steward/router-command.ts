/** Which program is the router process, and how is it started? */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A small heap, collected often and quickly: the router allocates little, and a garbage collection is a late
 * advertisement. Measured in reference/ecosystem.md §2. The main thread collects it alone: it would wait for helpers
 * without sleeping, and in real time that can last for ever (decision 0018).
 */
export const HEAP_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=64', '--single-threaded-gc']

/** `router.js` beside this bundle, or in `agent/dist` of the checkout this source file lies in. */
export function routerBundle(from: string = import.meta.url): string {
  for (let folder = path.dirname(fileURLToPath(from)); ; folder = path.dirname(folder)) {
    const found = [path.join(folder, 'router.js'), path.join(folder, 'dist/router.js')].find((file) =>
      existsSync(file),
    )
    if (found) return found
    if (folder === path.dirname(folder)) {
      throw new Error('router.js is not beside this program; run `npm run build` in the checkout')
    }
  }
}

export interface RouterStart {
  readonly stateDir: string
  /** What the router starts when this steward is killed. */
  readonly stewardCommand: readonly string[]
}

/** Detached: the router lives on when the steward dies, and gets no signal from the steward's terminal. */
export function startRouter({ stateDir, stewardCommand }: RouterStart): ChildProcess {
  const steward = ['--steward-command', JSON.stringify(stewardCommand)]
  const args = [...HEAP_FLAGS, routerBundle(), '--state-dir', stateDir, ...steward]
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
  child.unref()
  return child
}

/** Runs a router as if it were this process: signals are passed on, and its exit code is the result. */
export function runRouterInForeground(stateDir: string): Promise<number> {
  const args = [...HEAP_FLAGS, routerBundle(), '--state-dir', stateDir]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

/** Which program is the router process, and how is it started? */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A small heap, collected often and quickly: the router allocates little, and a garbage collection is a late
 * advertisement. Measured in reference/ecosystem.md §2.
 */
const HEAP_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=64']

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
  /** What the router starts when this steward is killed; null: nothing. */
  readonly stewardCommand: readonly string[] | null
  /** Detached: lives on when the steward dies, and gets no signal from its terminal. */
  readonly detached: boolean
}

export function startRouter({ stateDir, stewardCommand, detached }: RouterStart): ChildProcess {
  const args = [...HEAP_FLAGS, routerBundle(), '--state-dir', stateDir]
  if (stewardCommand) args.push('--steward-command', JSON.stringify(stewardCommand))
  const child = spawn(process.execPath, args, { detached, stdio: ['ignore', 'inherit', 'inherit'] })
  if (detached) child.unref()
  return child
}

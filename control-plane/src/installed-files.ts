import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The top of the installation: the nearest folder above this module that holds `migrations/`. The same code runs from
 * `control-plane/src` and bundled from `agent/dist`, so nothing may count `..`.
 */
export function installationRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url))
  while (!existsSync(path.join(folder, 'migrations', 'meta', '_journal.json'))) {
    const parent = path.dirname(folder)
    if (parent === folder) throw new Error(`no folder above ${import.meta.url} holds migrations/`)
    folder = parent
  }
  return folder
}

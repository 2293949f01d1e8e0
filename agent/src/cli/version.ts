import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The version of the installed package: the nearest `package.json` above the running file, bundled or not. */
export function softwareVersion(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url))
  while (path.dirname(folder) !== folder) {
    const file = path.join(folder, 'package.json')
    if (existsSync(file)) {
      const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'))
      if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
        return String(manifest.version)
    }
    folder = path.dirname(folder)
  }
  return 'unknown'
}

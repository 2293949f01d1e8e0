import { readFileSync } from 'node:fs'
import path from 'node:path'
import { installationRoot } from './installed-files.ts'

/** The version of the installed package. */
export function softwareVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(path.join(installationRoot(), 'package.json'), 'utf8'))
  const named = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return named ? String(manifest.version) : 'unknown'
}

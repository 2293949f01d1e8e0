/**
 * `npm ci` refuses a lock that leaves out an optional package of another platform, and npm writes such a lock where
 * the registry does not carry that package. Then no clean clone installs, while every checkout that has its
 * node_modules goes on working. So the lock itself is checked.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

interface Locked {
  readonly version?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../package-lock.json'), 'utf8'),
)

/** Node's way up: the package's own node_modules first, the root's last. */
function isLocked(from: string, name: string): boolean {
  const places = from
    .split('/node_modules/')
    .map((_, depth, parts) => parts.slice(0, depth + 1).join('/node_modules/'))
  return ['', ...places].some(
    (place) => lock.packages[`${place}${place && '/'}node_modules/${name}`] !== undefined,
  )
}

it('the lock names every optional package, those of other platforms too', () => {
  const missing = Object.entries(lock.packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isLocked(from, name))
      .map(([name, version]) => `${name}@${version}, wanted by ${from}`),
  )
  expect(missing, 'add an entry {version, cpu, os, optional: true} for each to package-lock.json').toEqual([])
})

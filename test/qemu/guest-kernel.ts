/**
 * A kernel for the guest with what the host's lacks: Debian's for clouds, and a busybox to start with, downloaded by apt
 * and unpacked, never installed. Kept below node_modules, so that only the first run after `npm ci` downloads it.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'

const CACHE = path.join(import.meta.dirname, '../../node_modules/.cache/aloft-qemu')
/** Depends on whatever the newest kernel's package is called. */
const KERNEL = 'linux-image-cloud-amd64'
const BUSYBOX = 'busybox-static'

export interface GuestKernel {
  readonly image: string
  readonly busybox: string
  /** The file of a module: `ipvlan` → `…/ipvlan.ko`. Throws when this kernel has none of that name. */
  module(name: string): string
}

export function guestKernel(): GuestKernel {
  const folder = path.join(CACHE, kernelPackage())
  if (!existsSync(folder)) unpack([path.basename(folder), BUSYBOX], folder)
  const release = path.basename(folder).replace('linux-image-', '')
  const modules = path.join(folder, 'lib/modules', release, 'kernel')
  const files = readdirSync(modules, { recursive: true, encoding: 'utf8' })
  return {
    image: path.join(folder, 'boot', `vmlinuz-${release}`),
    busybox: path.join(folder, 'bin/busybox'),
    module(name) {
      const file = files.find((each) => path.basename(each) === `${name}.ko`)
      if (file === undefined) throw new Error(`the kernel ${release} has no module ${name}`)
      return path.join(modules, file)
    },
  }
}

function kernelPackage(): string {
  const find = () => {
    try {
      const shown = execFileSync('apt-cache', ['show', '--no-all-versions', KERNEL], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      return /^Depends: (linux-image-\S+)/m.exec(shown)?.[1] ?? null
    } catch {
      return null
    }
  }
  let found = find()
  if (found === null) {
    // A fresh container has no lists of packages.
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' })
    found = find()
  }
  if (found === null) throw new Error(`apt knows no package ${KERNEL}: the guest runs on Debian’s kernel`)
  return found
}

function unpack(packages: readonly string[], folder: string): void {
  mkdirSync(CACHE, { recursive: true })
  // Whole or not at all: renamed at the end, and beside it, so that it can be.
  const scratch = mkdtempSync(path.join(CACHE, 'unpacking-'))
  try {
    for (const name of packages) {
      const download = () =>
        execFileSync('apt-get', ['download', '-qq', name], {
          cwd: scratch,
          stdio: ['ignore', 'ignore', 'pipe'],
        })
      try {
        download()
      } catch {
        // The lists are older than the archive.
        execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' })
        download()
      }
    }
    const tree = path.join(scratch, 'tree')
    for (const file of readdirSync(scratch).filter((each) => each.endsWith('.deb')))
      execFileSync('dpkg-deb', ['-x', file, tree], { cwd: scratch })
    renameSync(tree, folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

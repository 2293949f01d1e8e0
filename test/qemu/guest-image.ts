/**
 * What the guest boots into: an initramfs of the host's own programs with their libraries, the agent as it is built, and
 * one program of ours, bundled, that runs as soon as the modules are loaded. Nothing is installed anywhere.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import type { GuestKernel } from './guest-kernel.ts'

const REPOSITORY = path.join(import.meta.dirname, '../..')
const SEARCHED = ['/usr/bin', '/usr/sbin', '/bin', '/sbin']
/** Of the repository, in the guest's /aloft: what an agent needs to run. */
const AGENT = [
  'agent/package.json',
  'agent/dist',
  'agent/native/build/Release/netio.node',
  'node_modules/raw-socket/package.json',
  'node_modules/raw-socket/index.js',
  'node_modules/raw-socket/build/Release/raw.node',
]

export interface GuestContents {
  /** A program of ours (TypeScript) that the guest runs. */
  readonly program: string
  /** Programs of the host that it needs besides node. */
  readonly programs: readonly string[]
  /** Loaded before it, in this order. */
  readonly modules: readonly string[]
  /** Left in /modules for the program to load. */
  readonly laterModules: readonly string[]
}

/** Writes the initramfs as a file in `folder`, and returns its name. */
export async function makeGuestImage(
  folder: string,
  kernel: GuestKernel,
  contents: GuestContents,
): Promise<string> {
  const root = path.join(folder, 'root')
  makeSkeleton(root, kernel)
  for (const program of [process.execPath, ...contents.programs.map(whereIs)])
    copyWithLibraries(root, program)
  for (const name of AGENT) {
    const options = { recursive: true, filter: (file: string) => !file.endsWith('.map') }
    cpSync(path.join(REPOSITORY, name), path.join(root, 'aloft', name), options)
    if (name.endsWith('.node')) copyLibraries(root, path.join(REPOSITORY, name))
  }
  for (const name of [...contents.modules, ...contents.laterModules])
    copyFileSync(kernel.module(name), path.join(root, 'modules', `${name}.ko`))
  await build({
    entryPoints: [contents.program],
    outfile: path.join(root, 'aloft/test/qemu/program.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  })
  writeFileSync(path.join(root, 'init'), initScript(contents.modules))
  chmodSync(path.join(root, 'init'), 0o755)
  return pack(root, path.join(folder, 'initramfs.cpio'), kernel.busybox)
}

function makeSkeleton(root: string, { busybox }: GuestKernel): void {
  for (const name of 'proc sys dev tmp run etc modules bin sbin usr/bin usr/sbin var'.split(' '))
    mkdirSync(path.join(root, name), { recursive: true })
  symlinkSync('../run', path.join(root, 'var/run'))
  copyFileSync(busybox, path.join(root, 'bin/busybox'))
  // Names, without which tcpdump and `ip` say numbers.
  for (const name of ['/etc/passwd', '/etc/group', '/etc/protocols'])
    if (existsSync(name)) copyInto(root, name)
}

/**
 * The guest's first process. It ends by switching the machine off, whatever became of the program. What V8 compiles the
 * emulator would compile again: interpreted, everything is done sooner.
 */
function initScript(modules: readonly string[]): string {
  return `#!/bin/busybox sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ NODE_OPTIONS=--jitless
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mkdir -p /dev/shm /run/netns
${modules.map((name) => `insmod /modules/${name}.ko`).join('\n')}
${process.execPath} --enable-source-maps /aloft/test/qemu/program.mjs
poweroff -f
`
}

function whereIs(program: string): string {
  const found = SEARCHED.map((folder) => path.join(folder, program)).find((file) => existsSync(file))
  if (found === undefined) throw new Error(`the guest needs ${program}, which is not on this host`)
  return found
}

function copyInto(root: string, file: string): void {
  const target = path.join(root, file)
  if (existsSync(target)) return
  mkdirSync(path.dirname(target), { recursive: true })
  copyFileSync(realpathSync(file), target)
}

function copyWithLibraries(root: string, program: string): void {
  copyInto(root, program)
  copyLibraries(root, program)
}

function copyLibraries(root: string, file: string): void {
  const listed = execFileSync('ldd', [file], { encoding: 'utf8' })
  for (const [library] of listed.matchAll(/(?<=\s)\/\S+/g)) copyInto(root, library)
}

/** busybox has the one program that is not on every host. */
function pack(root: string, file: string, busybox: string): string {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  const output = openSync(file, 'w')
  try {
    execFileSync(busybox, ['cpio', '-o', '-H', 'newc'], {
      cwd: root,
      input: names.join('\n'),
      stdio: ['pipe', output, 'ignore'],
    })
  } finally {
    closeSync(output)
  }
  return file
}

// What the tests need beyond Node: as root on Debian it is installed, otherwise the message says what to install.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** The server's programs are not on the PATH: Debian keeps each major version in a folder of its own. */
const POSTGRES_FOLDER = '/usr/lib/postgresql'
const hasPostgres = () => existsSync(POSTGRES_FOLDER) && readdirSync(POSTGRES_FOLDER).length > 0

/** Program → the Debian package that brings it, and why a test wants it. */
const PROGRAMS = [
  ['ip', 'iproute2', 'network namespaces for the labs'],
  ['keepalived', 'keepalived', 'the live VRRP peer'],
  ['vtysh', 'frr', 'the other live peer'],
  ['chromium', 'chromium', 'the dashboard is tested in a browser'],
  ['nats-server', 'nats-server', 'the other bus between replicas'],
  ['nft', 'nftables', 'what keeps packets out, seen by somebody else'],
  ['cyclictest', 'rt-tests', 'what the machine itself does to a program in a hurry'],
  ['tcpdump', 'tcpdump', 'what is on the wire, seen by somebody else'],
  ...(process.arch === 'x64'
    ? [['qemu-system-x86_64', 'qemu-system-x86', 'a kernel with what this host’s may lack (test/qemu)']]
    : []),
  ['openssl', 'openssl', 'certificates for the TLS tests'],
  ['cc', 'gcc', 'the addons and the probe are compiled'],
  ['c++', 'g++', 'the addons are compiled'],
  ['make', 'make', 'the addons are compiled'],
  ['python3', 'python3', 'node-gyp, which compiles them, is written in it'],
]

const NO_CLUSTER = '/etc/postgresql-common/createcluster.d/aloft-tests.conf'

const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin']

function isRunnable(program) {
  return FOLDERS.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

const missingPrograms = () => [
  ...PROGRAMS.filter(([program]) => !isRunnable(program)),
  ...(hasPostgres() ? [] : [['initdb', 'postgresql', 'the migrations run on Debian’s PostgreSQL too']]),
]

function installWithApt(packages) {
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  console.log(`Installing for the tests: ${packages.join(' ')}`)
  execFileSync('apt-get', ['update', '-qq'], options)
  // The daemons are wanted as programs, not as services of this host: RUNLEVEL=1 keeps invoke-rc.d from starting
  // them, and PostgreSQL's package is asked to make no cluster.
  mkdirSync(path.dirname(NO_CLUSTER), { recursive: true })
  writeFileSync(NO_CLUSTER, 'create_main_cluster = false\n')
  try {
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      ...options,
      env: { ...options.env, RUNLEVEL: '1' },
    })
  } finally {
    rmSync(NO_CLUSTER, { force: true })
  }
}

/** Throws with the exact remedy when something the tests need cannot be had. */
export function ensurePrerequisites() {
  const missing = missingPrograms()
  if (missing.length > 0) {
    const packages = missing.map(([, debian]) => debian)
    if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) installWithApt(packages)
    const still = missingPrograms()
    if (still.length > 0) {
      const list = still
        .map(([program, debian, why]) => `  ${program} (Debian package ${debian}): ${why}`)
        .join('\n')
      throw new Error(
        `The tests need programs that are not here:\n${list}\nInstall them: sudo apt-get install ${still.map(([, debian]) => debian).join(' ')}`,
      )
    }
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      'The tests make network namespaces and raw sockets: run them as root (sudo -E npm test).\nWithout root: npx vitest run --project unit --project architecture',
    )
  }
}

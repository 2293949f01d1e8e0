// Throws nonsense at every call of netio, in a network namespace of its own, and expects exceptions and nothing worse.
//
//   node agent/native/fuzz.mjs [--seconds 5] [--seed N] [--asan]
//
// --asan builds the addon with AddressSanitizer and UBSan (into build/Asan) and fuzzes that. Exit code 0: nothing was
// found. Not under valgrind: its model of bind() takes any short sockaddr_in6 for an overrun, and V8 trips it by itself.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}
const flag = (name) => process.argv.includes(`--${name}`)
const seconds = option('seconds', 5)
const seed = option('seed', Date.now() % 1e9)

process.exit(launch())

function launch() {
  const env = { ...process.env, NETIO: path.join(here, 'build/Release/netio.node') }
  const command = [
    process.execPath,
    '--expose-gc',
    path.join(here, 'fuzz-calls.mjs'),
    `${seconds}`,
    `${seed}`,
  ]
  if (flag('asan')) {
    env.NETIO = buildWithSanitizers()
    env.LD_PRELOAD = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
    // Node frees little at exit, so leaks say nothing; the exit code tells a finding from an ordinary failure.
    env.ASAN_OPTIONS = 'detect_leaks=0:exitcode=99'
    env.UBSAN_OPTIONS = 'halt_on_error=1:exitcode=99'
  }
  // Sanitizers must not be loaded into unshare: env sets them for node alone.
  const { LD_PRELOAD, ...outer } = env
  const preload = LD_PRELOAD ? [`LD_PRELOAD=${LD_PRELOAD}`] : []
  const user = process.getuid() === 0 ? [] : ['--map-root-user']
  const folder = mkdtempSync(path.join(tmpdir(), 'netio-fuzz-'))
  const args = [...user, '--net', 'env', ...preload, ...command]
  const { status, signal } = spawnSync('unshare', args, { env: outer, cwd: folder, stdio: 'inherit' })
  rmSync(folder, { recursive: true, force: true })
  if (status !== 0)
    console.error(`netio fuzz: failed (${signal ?? `exit code ${status}`}) with --seed ${seed}`)
  return status ?? 1
}

function buildWithSanitizers() {
  const folder = path.join(here, 'build/Asan')
  mkdirSync(folder, { recursive: true })
  const output = path.join(folder, 'netio.node')
  const headers = path.join(path.dirname(path.dirname(process.execPath)), 'include/node')
  const sources = readdirSync(here).filter((name) => name.endsWith('.c'))
  const checks = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer']
  const defines = ['-DNAPI_VERSION=8', '-D_GNU_SOURCE', `-I${headers}`]
  const shape = ['-shared', '-fPIC', '-std=c11', '-g', '-O1', '-fvisibility=hidden']
  execFileSync('gcc', [...shape, ...checks, ...defines, ...sources, '-o', output], {
    cwd: here,
    stdio: 'inherit',
  })
  return output
}

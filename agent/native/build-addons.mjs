// Compiles the two addons: our netio, and raw-socket, whose own install step would fetch Node's headers from
// nodejs.org although they lie beside node. Only what is out of date is compiled; what is missing for it is named.
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const here = import.meta.dirname
const require = createRequire(import.meta.url)
const rawSocket = path.dirname(require.resolve('raw-socket/package.json'))

const ADDONS = [
  {
    folder: here,
    output: path.join(here, 'build/Release/netio.node'),
    sources: ['binding.gyp', 'netio.h', 'netio.c', 'descriptor.c', 'transfer.c', 'arguments.c'],
  },
  { folder: rawSocket, output: path.join(rawSocket, 'build/Release/raw.node'), sources: ['src/raw.cc'] },
]

/** What node-gyp runs, and the Debian package that brings it. */
const TOOLS = [
  ['cc', 'gcc'],
  ['c++', 'g++'],
  ['make', 'make'],
  ['python3', 'python3'],
]

/** Resolves when both addons are there and load into this Node. Rejects with what to install, or what a compiler said. */
export async function buildAddons() {
  const stale = ADDONS.filter(isStale)
  if (stale.length === 0) return
  const missing = TOOLS.filter(([program]) => !isOnPath(program)).map(([, debian]) => debian)
  if (missing.length > 0) {
    throw new Error(
      `Aloft compiles two small addons (raw sockets, netlink), and this host lacks what that takes.\nInstall it, then run this again:  sudo apt-get install ${missing.join(' ')}`,
    )
  }
  await Promise.all(stale.map(compile))
}

function isStale({ folder, output, sources }) {
  if (!existsSync(output)) return true
  const builtMs = statSync(output).mtimeMs
  if (sources.some((file) => statSync(path.join(folder, file)).mtimeMs > builtMs)) return true
  try {
    require(output)
    return false
  } catch {
    // Compiled for another major version of Node, or for another machine.
    return true
  }
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function compile({ folder, output }) {
  const [command, ...args] = [...nodeGyp(), 'rebuild', ...headers()]
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said += String(chunk)
      })
    }
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0 && existsSync(output)) resolve()
      else reject(new Error(`${said}\n${path.basename(output)} did not compile; see above`))
    })
  })
}

/** npm carries node-gyp and is always beside node; its own copy needs no download. */
function nodeGyp() {
  const npms = [
    process.env.npm_execpath && path.dirname(path.dirname(process.env.npm_execpath)),
    path.join(nodePrefix(), 'lib/node_modules/npm'),
  ]
  const gyp = npms
    .map((npm) => npm && path.join(npm, 'node_modules/node-gyp/bin/node-gyp.js'))
    .find((file) => file && existsSync(file))
  return gyp ? [process.execPath, gyp] : ['npm', 'exec', '--yes', 'node-gyp', '--']
}

/** Node's own headers where they are installed beside it; elsewhere node-gyp fetches them. */
function headers() {
  const prefix = nodePrefix()
  return existsSync(path.join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}

function nodePrefix() {
  return path.dirname(path.dirname(realpathSync(process.execPath)))
}

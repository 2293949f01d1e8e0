// Repairs one defect of postgres.js 3.4.9 in node_modules (docs/decisions/0009-postgres-driver-patch.md): a connection
// whose socket is gone while a small write waits either throws where nobody can catch it, which ends the process,
// or never writes again, so that its queries wait for ever. Run by build.mjs, and so by `npm ci`; safe to repeat.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const VERSION = '3.4.9'
const MARK = '/* patched by aloft */'

const EDITS = [
  {
    // A write to a connection that has no socket fails its queries, as any other loss of the connection does.
    before: 'function nextWrite(fn) {\n    const x = socket.write(chunk, fn)',
    after:
      'function nextWrite(fn) {\n' +
      '    if (socket === null) {\n' +
      '      clearImmediate(nextWriteTimer)\n' +
      '      chunk = nextWriteTimer = null\n' +
      "      error(Errors.connection('CONNECTION_CLOSED', options))\n" +
      '      return false\n' +
      '    }\n' +
      '    const x = socket.write(chunk, fn)',
    times: 1,
  },
  {
    // What was waiting for the old socket is not for the next one, and the timer must be armed anew.
    before: 'clearImmediate(nextWriteTimer)\n    socket',
    after: 'clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    socket',
    times: 1,
  },
  {
    before: 'clearImmediate(nextWriteTimer)\n    if (socket) {',
    after: 'clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    if (socket) {',
    times: 1,
  },
]

/** @param {string} root the checkout */
export function patchPostgresDriver(root) {
  const folder = path.join(root, 'node_modules/postgres')
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  if (version !== VERSION)
    throw new Error(
      `postgres ${version} is installed; patches/postgres.mjs is for ${VERSION}: see decision 0009`,
    )
  const file = path.join(folder, 'src/connection.js')
  let text = readFileSync(file, 'utf8')
  if (text.startsWith(MARK)) return
  for (const { before, after, times } of EDITS) {
    const found = text.split(before).length - 1
    if (found !== times)
      throw new Error(`${file}: expected ${times} × ${JSON.stringify(before)}, found ${found}`)
    text = text.replaceAll(before, after)
  }
  writeFileSync(file, `${MARK}\n${text}`)
}

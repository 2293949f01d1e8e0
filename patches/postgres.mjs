// Repairs defects of postgres.js 3.4.9 in node_modules (docs/decisions/0009-postgres-driver-patch.md). Most are about a
// connection that is lost: queries that wait for ever, an exception nobody can catch, and what belongs to a lost
// transaction said on the connection that took its place. The others are about COMMITs that commit nothing. Run by build.mjs, and so by `npm ci`; safe to repeat.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const VERSION = '3.4.9'
/** The number is that of the edits: a folder patched by fewer is not taken for done. */
const MARK = '/* patched by aloft: 4 */'

const CONNECTION_EDITS = [
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
  {
    // Between a socket's `error` and its `close` a query may have been given to it, which `error` could not fail. One that is
    // left would be answered by what the next connection says first: a BEGIN that never was.
    before:
      "!hadError && (query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))",
    after:
      "if (query || sent.length)\n      error(Errors.connection('CONNECTION_CLOSED', options, socket))\n" +
      '    query = null',
    times: 1,
  },
  {
    // What is tried again is described first, without a Sync, and others were said behind it already: each got the rows of
    // another. Who asked may try again.
    before:
      'query.retried\n          ? errored(query.retried)\n          : query.prepared && retryRoutines.has(errorResponse.routine)\n' +
      '            ? retry(query, errorResponse)\n            : errored(errorResponse)',
    after:
      'query.prepared && retryRoutines.has(errorResponse.routine) && delete statements[query.signature]\n' +
      '        errored(errorResponse)',
    times: 1,
  },
  {
    // Nobody waits for it, and its failure is that of the connection, which is told.
    before: 'return fetchArrayTypes()',
    after: 'return fetchArrayTypes().catch(noop)',
    times: 1,
  },
]

const CLIENT_EDITS = [
  {
    // What a transaction says after its connection was lost is not for the next one, which may be in somebody else's; and
    // what waits for its turn gets none.
    before: 'new Promise((_, reject) => connection.onclose = reject)',
    after:
      'new Promise((_, reject) => connection.onclose = x => {\n' +
      '          lost = x\n' +
      '          reject(x)\n' +
      '          while (queries.length) queries.shift().reject(x)\n' +
      '        })',
    times: 1,
  },
  {
    before: '    let savepoints = 0\n      , connection\n',
    after: '    let savepoints = 0\n      , lost = null\n      , connection\n',
    times: 1,
  },
  {
    before: 'q.catch(e => uncaughtError || (uncaughtError = e))\n        c.queue',
    after:
      'q.catch(e => uncaughtError || (uncaughtError = e))\n        if (lost)\n          return q.reject(lost)\n        c.queue',
    times: 1,
  },
  {
    // A prepared COMMIT that the server was never told of (behind a pooler) fails the transaction, is tried again, and then
    // ends as a ROLLBACK that passed for done. So it is no prepared statement, and what ended otherwise is told.
    before: ': await sql`commit`',
    after:
      ": (await sql.unsafe('commit')).command === 'COMMIT' ||\n" +
      "          raise(Errors.generic('TRANSACTION_ROLLED_BACK', 'the transaction was rolled back at its end'))",
    times: 1,
  },
  {
    before: `await sql\`savepoint $\{ sql(name) }\``,
    after: `await sql.unsafe('savepoint ' + quoted(name))`,
    times: 1,
  },
  {
    before: `? sql\`rollback to $\{ sql(name) }\`\n          : sql\`rollback\``,
    after: `? sql.unsafe('rollback to ' + quoted(name))\n          : sql.unsafe('rollback')`,
    times: 1,
  },
  {
    before: '  function move(c, queue) {',
    after:
      "  function quoted(name) {\n    return '\"' + name.replace(/\"/g, '\"\"') + '\"'\n  }\n\n" +
      '  function raise(error) {\n    throw error\n  }\n\n  function move(c, queue) {',
    times: 1,
  },
]

const FILES = { 'src/connection.js': CONNECTION_EDITS, 'src/index.js': CLIENT_EDITS }

/** @param {string} root the checkout */
export function patchPostgresDriver(root) {
  const folder = path.join(root, 'node_modules/postgres')
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  if (version !== VERSION)
    throw new Error(
      `postgres ${version} is installed; patches/postgres.mjs is for ${VERSION}: see decision 0009`,
    )
  for (const [name, edits] of Object.entries(FILES)) edit(path.join(folder, name), edits)
}

/**
 * @param {string} file
 * @param {readonly { before: string, after: string, times: number }[]} edits
 */
function edit(file, edits) {
  let text = readFileSync(file, 'utf8')
  if (text.startsWith(MARK)) return
  if (text.startsWith('/* patched by aloft'))
    throw new Error(`${file} was patched by an older checkout: run npm ci`)
  for (const { before, after, times } of edits) {
    const found = text.split(before).length - 1
    if (found !== times)
      throw new Error(`${file}: expected ${times} × ${JSON.stringify(before)}, found ${found}`)
    text = text.replaceAll(before, after)
  }
  writeFileSync(file, `${MARK}\n${text}`)
}

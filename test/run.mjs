// `npm test`: makes sure that what the tests need is there, runs them, and ends with a plain `N passed, N failed` line.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensurePrerequisites } from './prerequisites.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const scratch = mkdtempSync(path.join(os.tmpdir(), 'aloft-test-'))
const report = path.join(scratch, 'report.json')

function runVitest() {
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
  const args = [
    vitest,
    'run',
    ...process.argv.slice(2),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

/** Counts what the report holds; a file that failed to load has no tests of its own, and counts as one failure. */
function tally() {
  const { testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
  )
  return {
    passed: numPassedTests,
    failed: numFailedTests + broken.length,
    skipped: numPendingTests + numTodoTests,
  }
}

let code = 1
try {
  ensurePrerequisites()
  code = await runVitest()
  const { passed, failed, skipped } = tally()
  // Vitest also fails a run for errors outside any test; such a run must not read as a clean one.
  const unaccounted = code !== 0 && failed === 0 ? 1 : 0
  if (unaccounted) console.error('An error outside any test failed this run; see above.')
  console.log(`${passed} passed, ${failed + unaccounted} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  if (skipped > 0) {
    console.error('A skipped test proves nothing: make it run or remove it.')
    code = 1
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.log('0 passed, 1 failed')
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exit(code === 0 ? 0 : 1)

/** Runs the suites that guard the router or the centre on sources with a bug in them, and says which tests noticed. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Bug, plant } from './bugs.ts'

export interface Finding {
  readonly tests: number
  /** `file: test`, for each test that failed. */
  readonly noticedBy: readonly string[]
}

const root = path.resolve(import.meta.dirname, '../..')
/** A bug may make a machine run in circles; that is noticed, too. */
const HUNG_AFTER_MS = 60_000
const SUITE_HUNG_AFTER_MS = 300_000
/** What two dozen LANs do not show, the clause tests and scenarios must. */
const SEEDS = 24

/** Throws when one of the bugs cannot be planted, before any time is spent on the others. */
export function checkAllPlantable(bugs: readonly Bug[]): void {
  for (const bug of bugs) plant(readFileSync(path.join(root, bug.file), 'utf8'), bug)
}

export interface Examination {
  /** That one test does is enough to know. */
  readonly untilNoticed?: boolean
  /** Files of tests; the router's by default. */
  readonly suites?: readonly string[]
  /** Only tests whose names match this. */
  readonly tests?: string
}

export async function examine(bug: Bug | null, how: Examination = {}): Promise<Finding> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'aloft-planted-'))
  const report = path.join(scratch, 'report.json')
  try {
    const output = await runSuites(bug, report, how)
    if (output === 'hung' && how.suites !== undefined)
      // These have PostgreSQL and sockets, and a busy machine may be all there is to it.
      throw new Error(`${how.suites.join()} ran for more than ${SUITE_HUNG_AFTER_MS} ms`)
    if (output === 'hung') return { tests: 0, noticedBy: [`the suite ran for more than ${HUNG_AFTER_MS} ms`] }
    return readReport(report, output)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Two at a time. */
export async function inPairs<T>(all: readonly T[], each: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all]
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await each(next)
  }
  await Promise.all([worker(), worker()])
}

function runSuites(bug: Bug | null, report: string, how: Examination): Promise<string> {
  const { untilNoticed = false, suites, tests = '' } = how
  const options = [...(untilNoticed ? ['--bail=1'] : []), ...(tests === '' ? [] : ['-t', tests])]
  const config = path.join(import.meta.dirname, 'vitest.config.ts')
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--config', config, '--reporter=json', `--outputFile=${report}`, ...options]
  const environment = {
    ...process.env,
    ALOFT_PLANTED_BUG: bug?.name ?? '',
    ALOFT_SIMULATION_SEEDS: String(SEEDS),
    ...(suites === undefined ? {} : { ALOFT_PLANTED_SUITES: suites.join('\n') }),
  }
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)))
    let isHung = false
    const timer = setTimeout(
      () => {
        isHung = true
        child.kill('SIGKILL')
      },
      suites === undefined ? HUNG_AFTER_MS : SUITE_HUNG_AFTER_MS,
    )
    child.once('close', () => {
      clearTimeout(timer)
      resolve(isHung ? 'hung' : output)
    })
  })
}

interface Report {
  readonly numTotalTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

function readReport(file: string, output: string): Finding {
  let report: Report
  try {
    // Written by vitest, whose JSON reporter has this shape.
    report = JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    throw new Error(`vitest wrote no report:\n${output}`)
  }
  // A file that cannot be loaded notices nothing: it would make every bug look noticed.
  // Nor does one whose preparations fail, on a machine without the time for them: it would make every bug look missed.
  const unloaded = report.testResults.find(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  if (unloaded) throw new Error(`${unloaded.name} did not run: ${unloaded.message}`)
  const noticedBy = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => `${path.relative(root, name)}: ${fullName}`),
  )
  return { tests: report.numTotalTests, noticedBy }
}

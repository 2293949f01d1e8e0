/**
 * The suites that must notice a bug, run on sources with the bug named in ALOFT_PLANTED_BUG: those of the router, or the
 * files in ALOFT_PLANTED_SUITES, one a line.
 */
import path from 'node:path'
import { defineConfig, type Plugin } from 'vitest/config'
import { BUGS, plant } from './bugs.ts'
import { CENTRE_BUGS } from './centre-bugs.ts'

const root = path.resolve(import.meta.dirname, '../..')
const name = process.env['ALOFT_PLANTED_BUG']
const bug = [...BUGS, ...CENTRE_BUGS].find((each) => each.name === name)
const suites = process.env['ALOFT_PLANTED_SUITES']?.split('\n')
if (name && !bug) throw new Error(`no bug is called "${name}"`)

const ROUTER_SUITES = [
  'agent/src/vrrp/{announcement-schedule,machine,intervals,departure,priority,sync-group}.test.ts',
  'agent/src/router/loop/{holding-keeper,handed-over,pairing,router-loop,standing,reload,stall-guard,startup-delay,sync-groups}.test.ts',
  'agent/src/bfd/pairing.test.ts',
  'agent/src/tracking/*.test.ts',
  'agent/src/router/resume-decision.test.ts',
  'test/simulation/explore.test.ts',
  'test/scenarios/scenarios.test.ts',
]

const planter: Plugin = {
  name: 'planted-bug',
  enforce: 'pre',
  transform(code, id) {
    return bug && id.split('?')[0] === path.join(root, bug.file) ? plant(code, bug) : null
  },
}

export default defineConfig({
  root,
  plugins: [planter],
  test: {
    include: suites ?? ROUTER_SUITES,
    testTimeout: 30_000,
    // A PostgreSQL each, on a machine that may be busy.
    hookTimeout: 120_000,
    // Many runs, two at a time, on as few as two cores: each is one worker that loads the sources once. The router's
    // suites are pure, so that they may share it; the others have a PostgreSQL each.
    maxWorkers: 1,
    isolate: suites !== undefined,
    pool: suites === undefined ? 'threads' : 'forks',
  },
})

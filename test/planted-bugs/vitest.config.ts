/** The suites that must notice a bug in the router, run on sources with the bug named in ALOFT_PLANTED_BUG. */
import path from 'node:path'
import { defineConfig, type Plugin } from 'vitest/config'
import { BUGS, plant } from './bugs.ts'

const root = path.resolve(import.meta.dirname, '../..')
const name = process.env['ALOFT_PLANTED_BUG']
const bug = BUGS.find((each) => each.name === name)
if (name && !bug) throw new Error(`no bug is called "${name}"`)

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
    include: [
      'agent/src/vrrp/{announcement-schedule,machine,intervals,departure,priority,sync-group}.test.ts',
      'agent/src/router/loop/{holding-keeper,handed-over,pairing,router-loop,standing,reload,stall-guard,startup-delay,sync-groups}.test.ts',
      'agent/src/bfd/pairing.test.ts',
      'agent/src/tracking/*.test.ts',
      'agent/src/router/resume-decision.test.ts',
      'test/simulation/explore.test.ts',
      'test/scenarios/scenarios.test.ts',
    ],
    testTimeout: 30_000,
    // Twenty runs, two at a time, on as few as two cores: each is one worker that loads the sources once. The suites
    // are pure, so that they may share it.
    maxWorkers: 1,
    isolate: false,
    pool: 'threads',
  },
})

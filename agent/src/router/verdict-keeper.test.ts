import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Verdict } from '../tracking/verdict.ts'
import { formatHeartbeat } from './heartbeat.ts'
import { isVerdicts, VerdictKeeper } from './verdict-keeper.ts'

const haproxy: Verdict = { kind: 'script', name: 'haproxy', state: 'up', value: null }

let folder = ''
let paths = { trackerVerdicts: '', routerAlive: '' }
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-verdicts-'))
  paths = { trackerVerdicts: path.join(folder, 'verdicts'), routerAlive: path.join(folder, 'alive') }
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A router of this boot was alive at that time, and had been told of haproxy. */
async function left({ bootId = 'boot', atMonoMs = 100_000 } = {}): Promise<void> {
  writeFileSync(paths.routerAlive, formatHeartbeat({ atMonoMs, bootId, runId: 'run' }))
  const keeper = new VerdictKeeper(paths, bootId)
  keeper.keep([haproxy])
  await turn()
}

test('a successor inherits what a router that was alive a moment ago was told', async () => {
  await left()
  const keeper = new VerdictKeeper(paths, 'boot')
  expect(keeper.inherit(100_500)).toEqual([haproxy])
  expect(keeper.verdicts).toEqual([haproxy])
})

test('of another boot, or of half a minute ago, nothing is inherited', async () => {
  await left({ bootId: 'before' })
  expect(new VerdictKeeper(paths, 'boot').inherit(100_500)).toEqual([])
  await left()
  expect(new VerdictKeeper(paths, 'boot').inherit(130_000)).toEqual([])
})

test('a router that was stopped leaves nothing, not even what was about to be written', async () => {
  await left()
  const keeper = new VerdictKeeper(paths, 'boot')
  keeper.keep([haproxy])
  keeper.forget()
  await turn()
  expect(existsSync(paths.trackerVerdicts)).toBe(false)
})

test('what is told together is written once', async () => {
  const keeper = new VerdictKeeper(paths, 'boot')
  keeper.keep([haproxy])
  keeper.keep([{ ...haproxy, state: 'down' }])
  expect(existsSync(paths.trackerVerdicts)).toBe(false)
  await turn()
  expect(JSON.parse(readFileSync(paths.trackerVerdicts, 'utf8')).verdicts).toEqual([
    { ...haproxy, state: 'down' },
  ])
})

test.each([
  ['nothing', undefined],
  ['no list', {}],
  ['another kind', [{ ...haproxy, kind: 'bfd' }]],
  ['another state', [{ ...haproxy, state: 'well' }]],
  ['half a number', [{ ...haproxy, value: 1.5 }]],
  ['no name', [{ kind: 'script', state: 'up', value: null }]],
])('%s is no list of verdicts', async (_, value) => {
  expect(isVerdicts(value)).toBe(false)
  await left()
  writeFileSync(paths.trackerVerdicts, JSON.stringify({ bootId: 'boot', verdicts: value }))
  expect(new VerdictKeeper(paths, 'boot').inherit(100_500)).toEqual([])
})

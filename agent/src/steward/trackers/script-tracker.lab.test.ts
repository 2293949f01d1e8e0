/** Scripts that really run: when, how often, and what is left of them. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { ScriptTracker as Script } from '@aloft/shared/config/tracking-config'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../../../test/lab/wait.ts'
import { killOrphans, markOf } from './orphans.ts'
import { ScriptTracker } from './script-tracker.ts'

let folder = ''
let tracker: ScriptTracker | null = null
let changes = 0
const world = { now: () => performance.now(), wallMs: Date.now, log: () => {}, changed: () => void changes++ }

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-script-'))
  changes = 0
})
afterEach(() => {
  tracker?.stop()
  killOrphans(folder)
  rmSync(folder, { recursive: true })
})

function begin(
  body: string,
  changed: Partial<Script> = {},
  known: 'up' | 'down' | null = null,
): ScriptTracker {
  const file = path.join(folder, 'check')
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
  const script: Script = {
    ...{
      name: 'check',
      command: [file],
      intervalMs: 50,
      timeoutMs: 50,
      rise: 1,
      fall: 1,
      initially: 'unknown',
    },
    ...{ user: null, group: null, supplementaryGroups: false },
    ...changed,
  }
  tracker = new ScriptTracker({ script, known, firstAt: performance.now(), mark: markOf(folder) }, world)
  return tracker
}
const lines = (name: string) => {
  const file = path.join(folder, name)
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

describe('keepalived-and-vrrp.md §1.9: vrrp_script', () => {
  it('runs in its interval, without drift and without a burst after a pause', async () => {
    begin(`date +%s%N >> ${folder}/times`, { intervalMs: 100, timeoutMs: 100 })
    await until(() => lines('times').length >= 12, { what: 'twelve runs', withinMs: 8_000 })
    const times = lines('times').map((each) => Number(each) / 1e6)
    // However late some of them were, twelve runs take eleven intervals: none came early to make up for another.
    expect((times[11] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_040)
  })

  it('a run longer than its interval is not joined by another', async () => {
    begin(`echo begin >> ${folder}/log; sleep 0.25; echo end >> ${folder}/log`, { timeoutMs: 1_000 })
    await until(() => lines('log').length >= 6, { what: 'three runs', withinMs: 8_000 })
    expect(lines('log').slice(0, 6)).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end'])
  })

  it('a timeout has failed when it is over, not when the script is dead', async () => {
    const slow = begin(`trap '' TERM; sleep 10`, { timeoutMs: 100, intervalMs: 100 })
    await until(() => slow.report().state === 'down', { what: 'the failure', withinMs: 1_500 })
    expect(slow.report()).toMatchObject({ why: 'not over after 100 ms' })
  })

  it('rise and fall are counted, and shown while they are', async () => {
    writeFileSync(path.join(folder, 'ok'), '')
    const flapping = begin(`test -e ${folder}/ok`, { fall: 1000, rise: 1000 })
    await until(() => flapping.report().state === 'up', { what: 'the first result', withinMs: 2_000 })
    rmSync(path.join(folder, 'ok'))
    await until(() => /exit status 1 \(\d+ of 1000 in a row\)/.test(flapping.report().why), {
      ...{ what: 'the count', withinMs: 2_000 },
    })
    expect(flapping.report().state).toBe('up')
  })

  it('keeps the end of what it wrote, without what steers a terminal', async () => {
    const loud = begin(`printf 'one\\n\\033[31mtwo\\n'; echo three >&2; exit 3`)
    await until(() => loud.report().output !== null, { what: 'the output', withinMs: 2_000 })
    expect(loud.report().why).toBe('exit status 3')
    expect(loud.report().output).toMatch(/^one\n·\[31mtwo\nthree$/)
  })

  it('has no environment of ours but what it is told', async () => {
    begin(`env | sort > ${folder}/env.new; mv ${folder}/env.new ${folder}/env`)
    await until(() => existsSync(path.join(folder, 'env')), { what: 'a run', withinMs: 2_000 })
    const names = lines('env').map((line) => line.split('=')[0])
    expect(
      names.filter((name) => name !== 'PWD' && name !== '_' && name !== 'OLDPWD' && name !== 'SHLVL'),
    ).toEqual([...['ALOFT_STATE_DIRECTORY', 'ALOFT_TRACKER', 'PATH']])
  })

  it('set_supplementary_groups: takes on the groups of its user', async () => {
    const plain = begin(`id -G > ${folder}/groups.new; mv ${folder}/groups.new ${folder}/groups`, {
      ...{ user: 'root', supplementaryGroups: true },
    })
    await until(() => existsSync(path.join(folder, 'groups')), { what: 'a run', withinMs: 2_000 })
    expect(plain.report().state).not.toBe('down')
    expect(lines('groups')[0]?.split(' ')).toContain('0')
  })
})

describe('what a killed steward leaves', () => {
  it('is ended with its process group by the next one', async () => {
    begin(`sleep 1000 & echo $! > ${folder}/child; wait`, { timeoutMs: 60_000, intervalMs: 60_000 })
    await until(() => lines('child').length === 1, { what: 'the script', withinMs: 2_000 })
    const child = lines('child')[0]
    expect(killOrphans(`${folder}/other`)).toBe(0)
    expect(killOrphans(folder)).toBe(1)
    await until(() => !isAlive(child ?? ''), { what: 'its end', withinMs: 2_000 })
    await until(() => killOrphans(folder) === 0, { what: 'the end of the whole group', withinMs: 2_000 })
  })
})

function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findAccount } from './accounts.ts'
import { scriptProblem } from './script-check.ts'
import { runScript } from './script-run.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'aloft-script-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const run = (command: readonly string[], timeoutMs = 10_000) =>
  runScript({ command, account: null, timeoutMs, env: { STORY: 'told' } }).result

describe('a script', () => {
  it('gives its exit code and what it wrote', async () => {
    const result = await run(['/bin/sh', '-c', 'echo out; echo err >&2; exit 3'])
    expect(result).toMatchObject({ exitCode: 3, ending: 'exited' })
    expect(result.output.split('\n').sort()).toEqual(['err', 'out'])
  })

  it('gets its arguments as they are, without a shell', async () => {
    const { output } = await run(['/usr/bin/printf', '%s|', 'a b', '$HOME', '; id'])
    expect(output).toBe('a b|$HOME|; id|')
  })

  it('has only the environment it is given', async () => {
    expect((await run(['/usr/bin/env'])).output.split('\n').sort()).toEqual([
      expect.stringMatching(/^PATH=/),
      'STORY=told',
    ])
  })

  it('that takes too long is ended with everything it started', async () => {
    const pidFile = path.join(directory, 'pid')
    const started = performance.now()
    const result = await run(['/bin/sh', '-c', `sleep 60 & echo $! > ${pidFile}; sleep 60`], 300)
    expect(result.ending).toBe('timeout')
    expect(performance.now() - started).toBeLessThan(5_000)
    const pid = readFileSync(pidFile, 'utf8').trim()
    await expect.poll(() => stateOf(pid), { timeout: 5_000 }).toMatch(/^[Z-]$/)
  })

  it('that ignores being asked is killed', async () => {
    const result = await run(['/bin/sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'], 200)
    expect(result).toMatchObject({ ending: 'timeout', exitCode: null })
  })

  it('whose background holds its output open is over when it is', async () => {
    const pidFile = path.join(directory, 'pid')
    const result = await run(['/bin/sh', '-c', `echo said; sleep 60 & echo $! > ${pidFile}`])
    expect(result).toEqual({ exitCode: 0, ending: 'exited', output: 'said' })
    process.kill(Number(readFileSync(pidFile, 'utf8')))
  })

  it('that is not there says so', async () => {
    expect(await run([path.join(directory, 'none')])).toMatchObject({
      ending: 'not-started',
      output: expect.stringContaining('ENOENT'),
    })
  })

  it('that writes without end is cut', async () => {
    const { output } = await run(['/bin/sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x'])
    expect(output).toHaveLength(4096)
  })

  it('runs as the user that was asked for, with no group of the agent', async () => {
    const account = findAccount('nobody', null)
    const { output } = await runScript({ command: ['/usr/bin/id'], account, timeoutMs: 5_000 }).result
    expect(output).toMatch(/^uid=\d+\(nobody\) gid=\d+\(nogroup\) groups=\d+\(nogroup\)$/)
  })
})

function stateOf(pid: string): string {
  if (!existsSync(`/proc/${pid}/stat`)) return '-'
  return execFileSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).trim()[0] ?? '-'
}

describe('enable_script_security', () => {
  const asRoot = { user: 'root', group: null }
  const place = (name: string, mode = 0o755) => {
    const file = path.join(directory, name)
    writeFileSync(file, '#!/bin/sh\n')
    chmodSync(file, mode)
    return file
  }

  it('takes a program of root', () => expect(scriptProblem(['/bin/true'], asRoot)).toBeNull())

  it('refuses one that is missing', () => {
    expect(scriptProblem([path.join(directory, 'none')], asRoot)).toMatch(/none does not exist$/)
  })

  it('refuses one that is a folder, or not executable', () => {
    expect(scriptProblem([directory], asRoot)).toMatch(/is not a file$/)
    expect(scriptProblem([place('plain', 0o644)], asRoot)).toMatch(/is not executable$/)
  })

  it('refuses one that others can write, for root only', () => {
    const file = place('open', 0o777)
    expect(scriptProblem([file], asRoot)).toMatch(/open can be written by others than root/)
    expect(scriptProblem([file], { user: 'nobody', group: null })).toBeNull()
  })

  it('refuses one in a folder that others can write', () => {
    const inner = path.join(directory, 'inner')
    mkdirSync(inner)
    chmodSync(inner, 0o777)
    expect(scriptProblem([place('inner/script')], asRoot)).toMatch(
      /inner\/script lies in .*inner, which can be written/,
    )
  })

  it('refuses one that belongs to another', () => {
    const file = place('theirs')
    chownSync(file, findAccount('nobody', null)?.uid ?? 1, 0)
    expect(scriptProblem([file], asRoot)).toMatch(/theirs would run as root and does not belong to root$/)
  })

  it('script_user: refuses a user or group that is not there', () => {
    expect(scriptProblem(['/bin/true'], { user: 'no-such-user', group: null })).toBe(
      'there is no user no-such-user',
    )
    expect(scriptProblem(['/bin/true'], { user: 'nobody', group: 'no-such-group' })).toBe(
      'there is no user nobody or group no-such-group',
    )
  })
})

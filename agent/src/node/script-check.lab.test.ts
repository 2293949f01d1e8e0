/** What root would run through an interpreter must be as safe as what it runs itself. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { scriptProblem } from './script-check.ts'

const asRoot = { user: null, group: null }
let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-check-'))
  file = path.join(folder, 'check.sh')
  writeFileSync(file, 'exit 0\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

it('a script that others can write is refused behind a shell, too', () => {
  expect(scriptProblem(['/bin/sh', file], asRoot)).toBeNull()
  chmodSync(file, 0o666)
  expect(scriptProblem(['/bin/sh', file], asRoot)).toMatch(/check\.sh can be written by others than root/)
  expect(scriptProblem(['/bin/sh', file], { user: 'nobody', group: null })).toBeNull()
})

it('a script that is missing is refused behind a shell; what follows -c is no file', () => {
  expect(scriptProblem(['/bin/sh', `${file}.none`], asRoot)).toMatch(/check\.sh\.none does not exist/)
  expect(scriptProblem(['/bin/sh', '-c', '/no/such/program'], asRoot)).toBeNull()
  expect(scriptProblem(['/bin/cat', '/no/such/file'], asRoot)).toBeNull()
})

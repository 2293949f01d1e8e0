import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { OverwrittenFile } from './overwritten-file.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'aloft-overwritten-'))
  file = path.join(folder, 'a.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

const read = () => JSON.parse(readFileSync(file, 'utf8'))

it('holds what was written last, longer or shorter than before', () => {
  const overwritten = new OverwrittenFile(file)
  for (const value of [{ a: 1 }, { a: 'x'.repeat(5_000), b: 'é' }, {}, { a: [1, 2, 3] }]) {
    overwritten.write(value)
    expect(read()).toEqual(value)
  }
  overwritten.close()
})

it('takes up a file that another left, and touches it with its first write only', () => {
  writeFileSync(file, JSON.stringify({ left: 'y'.repeat(1_000) }))
  const overwritten = new OverwrittenFile(file)
  expect(read()).toEqual({ left: 'y'.repeat(1_000) })
  overwritten.write({ mine: true })
  expect(read()).toEqual({ mine: true })
  overwritten.close()
})

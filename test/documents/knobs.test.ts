/** docs/KNOBS.md promises a test for each setting: a promise that a rename must not break silently. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.dirname(path.dirname(import.meta.dirname))
const lines = readFileSync(path.join(root, 'docs/KNOBS.md'), 'utf8').split('\n')
const written = lines.filter((line) => line.startsWith('| ') && !/^\| (ours|---) /.test(line))

const rows = written.map((line) => {
  const [, ours = '', keepalived = '', test = '', title = ''] =
    /^\| (.+) \| (.+) \| `(.+)`: (.+) \|$/.exec(line) ?? []
  return { line, ours, keepalived, test, title }
})

describe('docs/KNOBS.md', () => {
  it('has rows of three columns only', () => {
    expect(rows.filter(({ title }) => title === '').map(({ line }) => line)).toEqual([])
  })

  it('names each of keepalived’s settings once', () => {
    const names = rows.flatMap(({ keepalived }) => keepalived.match(/`[^`]+`/g) ?? [])
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })

  it.each(rows)('$keepalived: its test exists', ({ test, title }) => {
    expect(existsSync(path.join(root, test)), test).toBe(true)
    const source = readFileSync(path.join(root, test), 'utf8')
    expect(
      [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted)),
      title,
    ).toBe(true)
  })
})

/** docs/RFCS.md promises a file and a test for each clause: a promise that a rename must not break silently. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.dirname(path.dirname(import.meta.dirname))
const text = readFileSync(path.join(root, 'docs/RFCS.md'), 'utf8')

const rows = Array.from(text.matchAll(/^\| (.+) \| (.+) \| `(.+)` \| `(.+)`: (.+) \|$/gm), (match) => {
  const [, clause = '', what = '', file = '', test = '', title = ''] = match
  return { clause, what, file, test, title }
})

describe('docs/RFCS.md', () => {
  it('has a row for most clauses', () => {
    expect(rows.length).toBeGreaterThan(40)
  })

  it.each(rows)('$clause, $what: its file and its test exist', ({ file, test, title }) => {
    expect(existsSync(path.join(root, file)), file).toBe(true)
    const source = readFileSync(path.join(root, test), 'utf8')
    expect(
      [`'${title}'`, `"${title}"`].some((quoted) => source.includes(quoted)),
      title,
    ).toBe(true)
  })
})

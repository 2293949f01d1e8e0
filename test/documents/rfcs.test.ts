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

/** The sections that demand something: those with a MUST or a SHOULD, or a negated one. */
const DEMANDING = {
  9568: `2.5 5.1.1.2 5.1.1.3 5.1.2.2 5.1.2.3 5.2.2 5.2.4 5.2.5 5.2.6 5.2.8 5.2.9 6.1 6.4.2 6.4.3 7.1 7.2 7.4 8.1.2 8.1.3
    8.2.1 8.2.2 8.2.3 8.2.4 8.3.1 8.3.2 8.4.2 9`,
  3768: '5.3.6 5.3.10 6.4.3 7.1 9',
  5880: `4.1 4.2 4.3 5 6.1 6.3 6.4 6.5 6.6 6.7 6.8.1 6.8.3 6.8.4 6.8.5 6.8.6 6.8.7 6.8.8 6.8.9 6.8.14 6.8.15 6.8.16
    6.8.17 6.8.18 7`,
  5881: '2 3 4 5 6',
  5883: '4.1 4.3 5 6 7',
} as const
const sections = Object.entries(DEMANDING).flatMap(([rfc, list]) =>
  list.split(/\s+/).map((section) => [rfc, section] as const),
)
/** Of each row of each table, the cell that says what it is about. */
const clauses = Array.from(text.matchAll(/^\| ([^|]+) \|/gm), ([, clause = '']) => clause)

describe('docs/RFCS.md', () => {
  it.each(sections)('RFC %s §%s has a row', (rfc, section) => {
    const escaped = section.replaceAll('.', '\\.')
    const named = new RegExp(`(?:^|, )${rfc}[^a-z]*§${escaped}(?![.\\d])`)
    expect(clauses.filter((clause) => named.test(clause))).not.toEqual([])
  })

  it.each(['7947', '7949', '8298', '8299', '8300', '8301'])('erratum %s has a row', (erratum) => {
    const [, table = ''] = text.split('## RFC 9568: errata')
    expect(table.split('\n## ')[0]).toMatch(new RegExp(`^\\| [^|]*${erratum}`, 'm'))
  })

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

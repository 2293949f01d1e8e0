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

  describe('on a terminal that is too narrow', () => {
    const columns = [
      { title: 'ID', whole: true },
      'SITE',
      { title: 'NODES', soft: 12 },
      { title: 'AGO', spare: 2 },
      { title: 'WHEN', spare: 1 },
    ] as const
    const id = '55a0a6eb-3659-49ac-bcad-420b6460502e'
    const rows = [[id, 'frankfurt', 'lb1 active, lb2 backup, lb3 backup', '5d ago', '2026-11-22 20:01']]
    const at = (width: number) => formatTable(columns, rows, width).split('\n')

    it('cuts first what is soft', () => {
      expect(at(120)[1]).toContain('lb3 backup  5d')
      expect(at(100)).toEqual([
        `${'ID'.padEnd(36)}  SITE       NODES                      AGO     WHEN`,
        `${id}  frankfurt  lb1 active, lb2 backup, …  5d ago  2026-11-22 20:01`,
      ])
    })

    it('then leaves out what is spare, the least needed first, and says so', () => {
      expect(at(84)).toEqual([
        `${'ID'.padEnd(36)}  SITE       NODES              WHEN`,
        `${id}  frankfurt  lb1 active, lb2 …  2026-11-22 20:01`,
        'Not shown for want of width: AGO.',
      ])
      expect(at(78)).toEqual([
        `${'ID'.padEnd(36)}  SITE       NODES`,
        `${id}  frankfurt  lb1 active, lb2 backup, lb3 …`,
        'Not shown for want of width: AGO, WHEN.',
      ])
    })

    it('never cuts what must be whole', () => {
      expect(at(20)[1]).toBe(`${id}  frankfu…  lb1 act…`)
    })

    it('is whole in a pipe', () => {
      expect(formatTable(columns, rows, undefined)).not.toMatch(/…|Not shown/)
    })
  })

  it('counts characters, not their halves', () => {
    expect(formatTable(['A', 'B'], [['🛰', 'x']], undefined)).toBe('A  B\n🛰  x')
  })

  it('lets nothing steer the terminal', () => {
    expect(formatTable(['A'], [['a\u001b[2Jb']], undefined)).toBe('A\na·[2Jb')
  })
})

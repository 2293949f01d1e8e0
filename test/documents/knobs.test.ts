/** docs/KNOBS.md promises a test for each setting, and to leave none of keepalived's out: promises that must not break silently. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { KEYWORDS } from './keepalived-keywords.ts'

const root = path.dirname(path.dirname(import.meta.dirname))
const [ours = '', rules = '', notOurs = ''] = readFileSync(path.join(root, 'docs/KNOBS.md'), 'utf8').split(
  '\n## ',
)

/** The lines of a table without its head. */
const tableOf = (section: string): readonly string[] =>
  section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)

const tested = [...tableOf(ours), ...tableOf(rules)].map((line) => {
  const [, first = '', second = '', test = '', title = ''] =
    /^\| (.+) \| (.+) \| `(.+)`: (.+) \|$/.exec(line) ?? []
  return { line, first, second, test, title }
})
const refused = tableOf(notOurs).map((line) => {
  const [, keepalived = '', why = ''] = /^\| (.+) \| (.+) \|$/.exec(line) ?? []
  return { line, keepalived, why }
})

const names = [
  ...tested.slice(0, tableOf(ours).length).map(({ second }) => second),
  ...refused.map(({ keepalived }) => keepalived),
].flatMap((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = '']) => name))

describe('docs/KNOBS.md', () => {
  it('has rows of three columns, and of two for what is not ours', () => {
    expect(tested.filter(({ title }) => title === '').map(({ line }) => line)).toEqual([])
    expect(refused.filter(({ why }) => why === '').map(({ line }) => line)).toEqual([])
    expect(tableOf(rules).length).toBeGreaterThan(20)
    expect(refused.length).toBeGreaterThan(20)
  })

  it('names each of keepalived’s settings once', () => {
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })

  it.each(Object.entries(KEYWORDS))('names every keyword of keepalived-and-vrrp.md %s', (_, keywords) => {
    const known = new Set(names.flatMap((name) => [name, name.split(' ')[0]]))
    expect(keywords.split(/\s+/).filter((keyword) => !known.has(keyword))).toEqual([])
  })

  it.each(tested)('$first, $second: its test exists', ({ test, title }) => {
    expect(existsSync(path.join(root, test)), test).toBe(true)
    const source = readFileSync(path.join(root, test), 'utf8')
    expect(
      [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted)),
      title,
    ).toBe(true)
  })
})

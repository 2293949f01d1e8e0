/** docs/KNOBS.md promises a test for each setting, and to leave none of keepalived's out: promises that must not break silently. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { keepalivedWord } from '@aloft/shared/config/keepalived-words'
import { loadAgentConfig } from '@aloft/shared/config/load-agent-config'
import { describe, expect, it } from 'vitest'
import { KEYWORDS } from './keepalived-keywords.ts'

const root = path.dirname(path.dirname(import.meta.dirname))
const [ours = '', rules = '', notOurs = ''] = readFileSync(path.join(root, 'docs/KNOBS.md'), 'utf8').split(
  '\n## ',
)

const ROUTER =
  'node: lb1\nvirtualRouters:\n  - name: web\n    interface: eth0\n    vrid: 51\n    addresses: [192.0.2.100/24]\n'

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

  it('a virtual router with a keyword of §1.5 is told what to write instead', () => {
    const keywords = KEYWORDS['§1.5']?.split(/\s+/) ?? []
    const inMaps = ['min_ttl', 'max_ttl']
    const silent = keywords.filter((keyword) => {
      if (keyword.includes('.') || inMaps.includes(keyword)) return false
      const loaded = loadAgentConfig(`${ROUTER}    ${keyword}: x\n`)
      const codes = 'config' in loaded ? [] : loaded.diagnostics.map(({ code }) => code)
      return codes.length === 0 || codes.includes('unknown-key')
    })
    expect(silent).toEqual([])
  })

  it('and what it is told to write is a key with a value that it may have', () => {
    const told = (KEYWORDS['§1.5'] ?? '').split(/\s+/).flatMap((keyword) => {
      const [, said] =
        /^write ([^;]+?)(?:;.*| and .*| where .*)?$/.exec(keepalivedWord(keyword)?.hint ?? '') ?? []
      return said === undefined || said.startsWith('interface') ? [] : [said]
    })
    expect(told.length).toBeGreaterThan(40)
    const wrong = ['unknown-key', 'bad-value', 'wrong-type', 'wrong-unit', 'out-of-range', 'missing-key']
    const refused = told.flatMap((said) => {
      const loaded = loadAgentConfig(`${ROUTER}    ${said}\n`)
      const codes = 'config' in loaded ? [] : loaded.diagnostics.map(({ code }) => code)
      return codes.some((code) => wrong.includes(code)) ? [`${said}: ${codes.join(', ')}`] : []
    })
    expect(refused).toEqual([])
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

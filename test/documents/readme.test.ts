/** README.md and the runbook are typed in: their commands, config and links are what this version has. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { loadAgentConfig } from '@aloft/shared/config/load-agent-config'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../agent/src/cli/program.ts'

type Command = ReturnType<typeof createProgram>

const root = path.dirname(path.dirname(import.meta.dirname))
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const text = read('README.md')

const documents = ['README.md', ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)].filter(
  (file) => file.endsWith('.md'),
)

/** What is told to be typed: lines of shell blocks, and code in the text and the tables. */
const typed = [text, read('docs/RUNBOOK.md')].flatMap((page) => [
  ...Array.from(page.matchAll(/```sh\n([^`]+)```/g), ([, block = '']) => block.split('\n')).flat(),
  ...Array.from(page.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g), ([, code = '']) => code.replaceAll('\\|', '|')),
])

/** Follows the words of a command line down the program; gives what is left of them. */
function find(
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | null {
  let command: Command = createProgram()
  for (const [i, word] of words.entries()) {
    const names = word.split('|')
    const found = names.map((name) => command.commands.find((each) => each.name() === name))
    if (found.some((each) => each === undefined)) return i === 0 ? null : { command, rest: words.slice(i) }
    command = found[0] ?? command
  }
  return { command, rest: [] }
}

const aloft = typed.flatMap((line) => {
  const [, words] = /^(?:npx )?aloft ([^#]+)/.exec(line) ?? []
  return words === undefined ? [] : [words.trim()]
})
const scripts = typed.flatMap((line) =>
  Array.from(line.matchAll(/npm (?:run )?([a-z]+)/g), ([, name = '']) => name),
)

describe('README.md', () => {
  it('begins with the two commands', () => {
    expect(text.split('\n').slice(0, 4)).toEqual([
      '```sh',
      'npm ci && npm start',
      'npm ci && npm test',
      '```',
    ])
  })

  it.each(aloft)('aloft %s: is a command, with options it has', (line) => {
    const found = find(line.split(/[ ,]+/))
    expect(found, 'a command').not.toBeNull()
    const options = Array.from(line.matchAll(/--[a-z-]+/g), ([option]) => option)
    const known = found?.command.options.map(({ long }) => long) ?? []
    expect(options.filter((option) => !known.includes(option))).toEqual([])
  })

  it('npm: every script it names exists', () => {
    const known = Object.keys(JSON.parse(read('package.json')).scripts)
    expect(scripts.length).toBeGreaterThan(5)
    expect(scripts.filter((name) => name !== 'ci' && !known.includes(name))).toEqual([])
  })

  it('its config can be used, without a warning', () => {
    const [, yaml = ''] = /```yaml\n([^`]+)```/.exec(text) ?? []
    expect(loadAgentConfig(yaml)).toMatchObject({ config: { node: 'lb1' }, warnings: [] })
  })
})

describe.each(documents)('%s', (file) => {
  it('links to files that exist', () => {
    const links = Array.from(read(file).matchAll(/\]\((?!https?:)([^)#]+)\)/g), ([, link = '']) => link)
    const dead = links.filter((link) => !existsSync(path.join(root, path.dirname(file), link)))
    expect(dead).toEqual([])
  })
})

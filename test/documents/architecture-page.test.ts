/** docs/ARCHITECTURE.md says what is: every folder, file of the state directory and table, and none that is not there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { statePaths } from '../../agent/src/router/state-directory.ts'

const root = path.dirname(path.dirname(import.meta.dirname))
const text = readFileSync(path.join(root, 'docs/ARCHITECTURE.md'), 'utf8')

/** The names in the first column of the table with this head. */
function firstColumn(head: string): readonly string[] {
  const [, after = ''] = text.split(`\n| ${head} |`)
  const [table = ''] = after.split('\n\n')
  const cells = table.split('\n').slice(2)
  return cells.flatMap((line) =>
    Array.from((line.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g), ([, name = '']) => name),
  )
}

const foldersBelow = (folder: string): readonly string[] =>
  readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`)

describe('docs/ARCHITECTURE.md', () => {
  const folders = firstColumn('folder')

  it('names only folders that exist', () => {
    expect(folders.filter((folder) => !existsSync(path.join(root, folder)))).toEqual([])
  })

  it('names every folder of the source', () => {
    const real = ['shared/src', 'agent/src', 'control-plane/src'].flatMap(foldersBelow)
    expect(real.filter((folder) => !folders.includes(folder))).toEqual([])
  })

  it('names every file of the state directory', () => {
    const { directory, ...paths } = statePaths('/state')
    const real = Object.values(paths).map((file) => path.relative(directory, file))
    expect([...firstColumn('file')].sort()).toEqual(
      [...real, 'commands.json', 'identity.json', 'notify', 'spool'].sort(),
    )
  })

  it('names every table', () => {
    const schema = readFileSync(path.join(root, 'migrations/schema.sql'), 'utf8')
    const real = Array.from(schema.matchAll(/^create table (?:\w+\.)?"?(\w+)/gim), ([, name = '']) => name)
    expect(real.length).toBeGreaterThan(10)
    expect([...firstColumn('table')].sort()).toEqual(real.sort())
  })
})

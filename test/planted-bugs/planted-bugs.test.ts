import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { BUGS, plant } from './bugs.ts'
import { checkAllPlantable, examine, inPairs } from './examination.ts'

const root = path.resolve(import.meta.dirname, '../..')

it('every bug can be planted, and none silently', () => {
  expect(() => checkAllPlantable(BUGS)).not.toThrow()
  for (const bug of BUGS) {
    const source = readFileSync(path.join(root, bug.file), 'utf8')
    expect(plant(source, bug)).not.toBe(source)
  }
  const [bug] = BUGS
  if (bug) expect(() => plant('something else', bug)).toThrow('cannot be planted: found 0 times')
})

it('the suites pass without a bug, and notice each one planted', { timeout: 900_000 }, async () => {
  expect((await examine(null)).noticedBy).toEqual([])
  const missed: string[] = []
  await inPairs(BUGS, async (bug) => {
    if ((await examine(bug, { untilNoticed: true })).noticedBy.length === 0) missed.push(bug.name)
  })
  expect(missed).toEqual([])
})

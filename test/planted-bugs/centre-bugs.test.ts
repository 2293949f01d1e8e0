/** The short form; `npm run planted -- centre` plants them all. */
import { expect, it } from 'vitest'
import { CENTRE_BUGS } from './centre-bugs.ts'
import { checkAllPlantable, examine, inPairs } from './examination.ts'

/** One of each kind: what was observed, who may, whose credential. */
const SHORT = [
  'events are acknowledged before they are committed',
  'a token of somebody who was demoted goes on as before',
  'a credential is good for any agent',
]

it('every bug of the centre can be planted, and each has a name of its own', () => {
  expect(() => checkAllPlantable(CENTRE_BUGS)).not.toThrow()
  expect(new Set(CENTRE_BUGS.map(({ name }) => name)).size).toBe(CENTRE_BUGS.length)
})

it('three of them: their suites pass without, and notice each', { timeout: 600_000 }, async () => {
  const bugs = CENTRE_BUGS.filter(({ name }) => SHORT.includes(name))
  expect(bugs).toHaveLength(SHORT.length)
  const sound = await examine(null, { suites: bugs.map(({ suite }) => suite) })
  expect(sound.noticedBy).toEqual([])
  expect(sound.tests).toBeGreaterThan(bugs.length)
  const missed: string[] = []
  await inPairs(bugs, async (bug) => {
    const { noticedBy } = await examine(bug, { untilNoticed: true, suites: [bug.suite], tests: bug.tests })
    if (noticedBy.length === 0) missed.push(bug.name)
  })
  expect(missed).toEqual([])
})

it('a suite that cannot begin is neither sound nor blind', { timeout: 120_000 }, async () => {
  const suites = ['test/planted-bugs/unprepared.fixture.ts']
  await expect(examine(null, { suites })).rejects.toThrow('unprepared.fixture.ts did not run')
})

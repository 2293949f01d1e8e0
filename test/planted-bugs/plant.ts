/**
 * `npm run planted -- [router|centre] [NAME]`: plants each bug of bugs.ts or centre-bugs.ts (or those whose name contains
 * NAME) and tells which tests notice it. Nothing is written to the sources: the bug is put in as they are loaded. Exit
 * code 0: the sources as they are pass, and every bug is noticed.
 */

import { BUGS, type Bug } from './bugs.ts'
import { CENTRE_BUGS } from './centre-bugs.ts'
import { checkAllPlantable, type Examination, examine, type Finding, inPairs } from './examination.ts'

interface Planting {
  readonly bug: Bug
  readonly how: Examination
}

async function main(): Promise<number> {
  const [first = '', ...rest] = process.argv.slice(2)
  const isNamed = first === 'router' || first === 'centre'
  const wanted = (isNamed ? rest : [first, ...rest]).join(' ')
  const plantings = (first === 'centre' ? ofCentre() : ofRouter()).filter(({ bug }) =>
    bug.name.includes(wanted),
  )
  if (plantings.length === 0) {
    console.error(`no bug is called like "${wanted}"`)
    return 2
  }
  checkAllPlantable(plantings.map(({ bug }) => bug))
  const sound = await examine(null, soundness(plantings))
  if (sound.noticedBy.length > 0) {
    console.error(`the sources as they are fail already:\n  ${sound.noticedBy.join('\n  ')}`)
    return 1
  }
  console.log(`no bug planted: ${sound.tests} tests pass`)
  let missed = 0
  await inPairs(plantings, async ({ bug, how }) => {
    const finding = await examine(bug, how)
    if (finding.noticedBy.length === 0) missed += 1
    console.log(verdict(bug.name, finding))
  })
  console.log(`${plantings.length - missed} of ${plantings.length} planted bugs noticed`)
  return missed > 0 ? 1 : 0
}

const ofRouter = (): readonly Planting[] => BUGS.map((bug) => ({ bug, how: {} }))

const ofCentre = (): readonly Planting[] =>
  CENTRE_BUGS.map((bug) => ({ bug, how: { suites: [bug.suite], tests: bug.tests } }))

/** All tests that are to notice one of them, at once. */
function soundness(plantings: readonly Planting[]): Examination {
  const suites = plantings.flatMap(({ how }) => how.suites ?? [])
  const tests = plantings.flatMap(({ how }) => how.tests ?? [])
  return suites.length === 0 ? {} : { suites: [...new Set(suites)], tests: `(${tests.join('|')})` }
}

function verdict(name: string, { noticedBy }: Finding): string {
  if (noticedBy.length === 0) return `MISSED   ${name}`
  const shown = noticedBy.slice(0, 4).map((test) => `\n           ${test}`)
  const more = noticedBy.length > 4 ? `\n           and ${noticedBy.length - 4} more` : ''
  return `noticed  ${name}${shown.join('')}${more}`
}

process.exitCode = await main()

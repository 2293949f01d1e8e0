/**
 * `npx tsx test/planted-bugs/plant.ts [NAME]`: plants each bug of bugs.ts (or those whose name contains NAME) and
 * tells which tests notice it. Nothing is written to the sources: the bug is put in as they are loaded. Exit code 0:
 * the sources as they are pass, and every bug is noticed.
 */

import { BUGS } from './bugs.ts'
import { checkAllPlantable, examine, type Finding, inPairs } from './examination.ts'

async function main(): Promise<number> {
  const wanted = process.argv[2] ?? ''
  const bugs = BUGS.filter(({ name }) => name.includes(wanted))
  if (bugs.length === 0) {
    console.error(`no bug is called like "${wanted}"`)
    return 2
  }
  checkAllPlantable(bugs)
  const sound = await examine(null)
  if (sound.noticedBy.length > 0) {
    console.error(`the sources as they are fail already:\n  ${sound.noticedBy.join('\n  ')}`)
    return 1
  }
  console.log(`no bug planted: ${sound.tests} tests pass`)
  let missed = 0
  await inPairs(bugs, async (bug) => {
    const finding = await examine(bug)
    if (finding.noticedBy.length === 0) missed += 1
    console.log(verdict(bug.name, finding))
  })
  console.log(`${bugs.length - missed} of ${bugs.length} planted bugs noticed`)
  return missed > 0 ? 1 : 0
}

function verdict(name: string, { noticedBy }: Finding): string {
  if (noticedBy.length === 0) return `MISSED   ${name}`
  const shown = noticedBy.slice(0, 4).map((test) => `\n           ${test}`)
  const more = noticedBy.length > 4 ? `\n           and ${noticedBy.length - 4} more` : ''
  return `noticed  ${name}${shown.join('')}${more}`
}

process.exitCode = await main()

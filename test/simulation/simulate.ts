/**
 * `npm run simulate -- --seeds N [--from S]`: N seeds, a summary. `npm run simulate -- --seed S`: one seed, with its
 * log. Exit code 0: every invariant held; 1: one did not; 2: wrong usage.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { failureLine } from './failure-line.ts'
import { hours, NOTHING, summary, sumOf } from './figures.ts'
import { runSeed } from './run.ts'
import { storyTeller } from './story.ts'

const USAGE = 'usage: npm run simulate -- (--seeds N [--from SEED] | --seed SEED)'

function main(): number {
  const values = options()
  if (values.seed !== undefined) return replayOne(wholeNumber(values.seed))
  return explore(
    wholeNumber(values.seeds ?? '1000'),
    values.from === undefined ? null : wholeNumber(values.from),
  )
}

function options() {
  try {
    const string = { type: 'string' } as const
    return parseArgs({ options: { seeds: string, from: string, seed: string } }).values
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`)
    process.exit(2)
  }
}

function replayOne(seed: number): number {
  const tell = storyTeller((line) => console.log(line))
  const outcome = runSeed(seed, tell.see)
  tell.flush()
  if (outcome.broken) console.error(failureLine(outcome))
  else console.log(`seed ${seed}: every invariant held over ${virtualHours(outcome.virtualMs)}`)
  return outcome.broken ? 1 : 0
}

function explore(count: number, from: number | null): number {
  const first = from ?? randomInt(2 ** 31)
  let figures = NOTHING
  let broken = 0
  const startedMs = performance.now()
  for (let i = 0; i < count; i++) {
    const outcome = runSeed(first + i)
    figures = sumOf(figures, outcome)
    if (outcome.broken) {
      broken += 1
      console.error(failureLine(outcome))
      if (broken >= 10) break
    }
    if ((i + 1) % 500 === 0 && i + 1 < count)
      console.log(`${i + 1} of ${count} seeds, ${virtualHours(figures.virtualMs)}`)
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(
    `seeds ${first} to ${first + count - 1}: ${summary(figures)}, ${broken} broken, in ${seconds} s`,
  )
  return broken > 0 ? 1 : 0
}

function virtualHours(ms: number): string {
  return `${hours(ms).toFixed(1)} virtual hours`
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  console.error(`not a whole number: ${text}\n${USAGE}`)
  process.exit(2)
}

process.exitCode = main()

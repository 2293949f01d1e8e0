/** The kernel's own news, in the first network namespace: what starts and ends is known at once. */
import { type ChildProcess, spawn } from 'node:child_process'
import { afterEach, expect, it } from 'vitest'
import { until } from '../../../../test/lab/wait.ts'
import { ProcessTable } from './process-table.ts'

const MARK = `97531.${process.pid}`

let table: ProcessTable | null = null
const children: ChildProcess[] = []
afterEach(() => {
  table?.close()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const sleepers = () => table?.count(({ comm, words }) => comm === 'sleep' && words[1] === MARK)

it('hears of a process from the kernel, long before it would look again', async () => {
  const counts: (number | undefined)[] = []
  table = new ProcessTable({ changed: () => counts.push(sleepers()), isWatched: () => true })
  expect(table.source).toBe('kernel')
  const before = performance.now()
  // By a shell, so that there are a fork, a name and a program that is replaced.
  children.push(spawn('/bin/sh', ['-c', `exec sleep ${MARK}`], { stdio: 'ignore' }))
  // Not only seen, but told: news are told together, a few milliseconds after the first.
  await until(() => counts.includes(1), { what: 'word of the process', withinMs: 2_000, everyMs: 5 })
  children[0]?.kill('SIGKILL')
  await until(() => sleepers() === 0, { what: 'its end', withinMs: 2_000, everyMs: 5 })
  expect(performance.now() - before).toBeLessThan(4_000)
})

/**
 * Live peers beside us in every dialect their users speak: each of us as active and as backup, better, worse and equal,
 * stopping, dying, not preempting. The table is what docs/INTEROP.md shows.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { playAll, tableOf } from './matrix.ts'

const PAGE = path.join(import.meta.dirname, '../../docs/INTEROP.md')

it('every pairing elects as one, or names the limit of the peer', { timeout: 480_000 }, async () => {
  const beganMs = performance.now()
  const failures = await playAll(12, (line) => process.env['ALOFT_INTEROP_TIMES'] && console.log(line))
  const table = tableOf(failures)
  console.log(`${table}\n${((performance.now() - beganMs) / 1000).toFixed(0)} s`)
  expect(Object.fromEntries(failures)).toEqual({})
  expect(readFileSync(PAGE, 'utf8')).toContain(table)
})

import { expect, it } from 'vitest'
import { merged } from './presence-writer.ts'

const nothing = { clockOffsetMs: null, clockErrorMs: null, spoolBacklog: null, routerAlive: null }
const note = (seenAtMs: number, facts: object = {}, generation = 1) => ({
  ...{ agentId: 'a', generation, seenAtMs },
  ...nothing,
  ...facts,
})

it.each([
  ['clockOffsetMs', 12, -7],
  ['clockErrorMs', 3, 0],
  ['spoolBacklog', 40, 0],
  ['routerAlive', true, false],
])('%s that was noted waits for the next word on it, and goes by that', (fact, before, after) => {
  const noted = merged(null, note(1, { [fact]: before }))
  expect(merged(noted, note(2))).toEqual(note(2, { [fact]: before }))
  expect(merged(noted, note(2, { [fact]: after }))).toEqual(note(2, { [fact]: after }))
})

it('what another session said of itself is not taken over', () => {
  const known = { clockOffsetMs: 1, clockErrorMs: 2, spoolBacklog: 3, routerAlive: true }
  expect(merged(note(1, known), note(2, {}, 2))).toEqual(note(2, {}, 2))
})

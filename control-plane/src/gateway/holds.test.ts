import { expect, it } from 'vitest'
import { createHolds } from './holds.ts'

const NOBODY_GOES = new AbortController().signal
const session = (agentId: string) => ({ agentId, generation: 1 })

/** What of these holds is over by now. */
async function over(...holds: readonly Promise<void>[]): Promise<readonly boolean[]> {
  const done = holds.map(() => false)
  for (const [i, hold] of holds.entries()) void hold.then(() => (done[i] = true))
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

it('wakes those it names, and keeps the others', async () => {
  const holds = createHolds()
  const [one, other] = ['a', 'b'].map((id) => holds.hold(session(id), 60_000, NOBODY_GOES))
  if (one === undefined || other === undefined) throw new Error('no holds')
  holds.wake(['a', 'unknown'])
  expect(await over(one, other)).toEqual([true, false])
  expect(holds.sessions()).toEqual([session('b')])
  holds.stop()
  expect(await over(other)).toEqual([true])
})

it('holds nobody who is gone already, and nobody once it is stopped', async () => {
  const holds = createHolds()
  expect(await over(holds.hold(session('a'), 60_000, AbortSignal.abort()))).toEqual([true])
  holds.stop()
  expect(await over(holds.hold(session('a'), 60_000, NOBODY_GOES))).toEqual([true])
  expect(holds.sessions()).toEqual([])
})

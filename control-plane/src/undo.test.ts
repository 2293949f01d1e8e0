import { expect, it } from 'vitest'
import { undoAll } from './undo.ts'

it('ends everything in the reverse order, whatever fails or never ends, and says what did', async () => {
  const ended: string[] = []
  const step = (name: string) => () => void ended.push(name)
  const undo = [
    step('lock'),
    () => Promise.reject(new Error('no')),
    step('server'),
    () => new Promise(() => {}),
    { unhurried: () => new Promise<void>((resolve) => setTimeout(resolve, 40)).then(step('postgres')) },
    step('ticker'),
  ]
  const error = await undoAll(undo, 20).catch((thrown: unknown) => thrown)
  expect(ended).toEqual(['ticker', 'postgres', 'server', 'lock'])
  expect(error).toMatchObject({
    errors: [{ message: 'a part did not stop within 0.02 s' }, { message: 'no' }],
  })
})

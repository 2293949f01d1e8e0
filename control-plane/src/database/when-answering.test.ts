import { expect, it } from 'vitest'
import { whenAnswering } from './when-answering.ts'

const failing = (code: string) => Object.assign(new Error(code), { code })

/** Fails with these, one after the other, and then succeeds. */
function work(...codes: string[]) {
  const left = [...codes]
  return async () => {
    const code = left.shift()
    if (code !== undefined) throw failing(code)
    return `after ${codes.length}`
  }
}

it('waits for a database that is starting or not there yet, and says so once', async () => {
  const said: string[] = []
  const patience = { forMs: 5_000, againMs: 1, say: (line: string) => void said.push(line) }
  expect(await whenAnswering(work('ECONNREFUSED', '57P03', '57P03'), patience)).toBe('after 3')
  expect(said).toEqual(['Waiting for the database, which is not answering (ECONNREFUSED) …'])
})

it('gives up after its patience, with the way on', async () => {
  const never = async () => {
    throw failing('ECONNREFUSED')
  }
  await expect(whenAnswering(never, { forMs: 20, againMs: 1, say: () => {} })).rejects.toThrow(
    'the database is not answering (ECONNREFUSED); check --database-url',
  )
})

it('does not wait for what waiting cannot mend', async () => {
  const said: string[] = []
  const patience = { forMs: 5_000, againMs: 1, say: (line: string) => void said.push(line) }
  await expect(whenAnswering(work('28P01'), patience)).rejects.toThrow('28P01')
  expect(said).toEqual([])
})

/** A suite that cannot begin. */
import { beforeAll, expect, it } from 'vitest'

beforeAll(() => {
  throw new Error('no database')
})

it('is never run', () => expect(true).toBe(true))

import { expect, it } from 'vitest'
import type { OpenDatabase } from '../database/client.ts'
import { notifyCarrier } from './store-notify.ts'

/** A driver that counts who listens, and refuses as often as it is told. */
function rigged() {
  const rig = { refusals: 0, hearing: new Set<(message: string) => void>() }
  const listen = async (_channel: string, hear: (message: string) => void) => {
    if (rig.refusals-- > 0) throw new Error('the database is away')
    rig.hearing.add(hear)
    return { unlisten: async () => void rig.hearing.delete(hear) }
  }
  return { rig, carrier: notifyCarrier({ sql: { listen } } as unknown as OpenDatabase) }
}

it('listens once, however often it began anew, and not at all once it is stopped', async () => {
  const { rig, carrier } = rigged()
  const heard: string[] = []
  for (const name of ['a', 'b', 'c']) await carrier.listen((message) => void heard.push(`${name} ${message}`))
  for (const hear of rig.hearing) hear('x')
  expect([rig.hearing.size, heard]).toEqual([1, ['c x']])
  await carrier.stop()
  expect(rig.hearing.size).toBe(0)
})

it('whose LISTEN fails says so, hears nothing, and can begin again', async () => {
  const { rig, carrier } = rigged()
  const heard: string[] = []
  await carrier.listen((message) => void heard.push(message))
  const before = [...rig.hearing]
  rig.refusals = 1
  await expect(carrier.listen((message) => void heard.push(message))).rejects.toThrow('away')
  // What the driver still holds of the first attempt is nobody's.
  for (const hear of before) hear('late')
  expect([rig.hearing.size, heard]).toEqual([0, []])
  await carrier.listen((message) => void heard.push(message))
  for (const hear of rig.hearing) hear('now')
  expect(heard).toEqual(['now'])
})

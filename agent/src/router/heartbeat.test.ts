import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { formatHeartbeat, readHeartbeat, startHeartbeat } from './heartbeat.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'aloft-heartbeat-'))
const file = path.join(directory, 'router-alive')

test('beats in place, with the time of each beat', async () => {
  let nowMs = 1_000
  const heartbeat = startHeartbeat(file, { runId: 'run', bootId: 'boot', now: () => nowMs })
  await expect.poll(() => readHeartbeat(file)).toEqual({ runId: 'run', bootId: 'boot', atMonoMs: 1_000 })
  heartbeat.pace(true)
  nowMs = 123_456_789.25
  await expect.poll(() => readHeartbeat(file)?.atMonoMs).toBe(123_456_789.25)
  heartbeat.stop()
  rmSync(directory, { recursive: true })
  expect(readHeartbeat(file)).toBeNull()
})

describe('how often it beats', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'aloft-heartbeat-'))
  const alive = path.join(folder, 'router-alive')
  afterAll(() => rmSync(folder, { recursive: true }))

  /** The times of the beats while `act` runs: each asks the clock once. */
  async function beats(
    act: (heartbeat: ReturnType<typeof startHeartbeat>) => Promise<void>,
  ): Promise<number> {
    let asked = 0
    const heartbeat = startHeartbeat(alive, { runId: 'run', bootId: 'boot', now: () => ++asked })
    await act(heartbeat)
    heartbeat.stop()
    return asked
  }
  const halfASecond = () => new Promise<void>((resolve) => setTimeout(resolve, 500))

  test('with nothing to resume it beats at the start and then rarely', async () => {
    expect(await beats(halfASecond)).toBe(1)
  })

  test('while active it beats at once and each 100 ms, told so once or often', async () => {
    const count = await beats(async (heartbeat) => {
      heartbeat.pace(true)
      await halfASecond()
      heartbeat.pace(true)
    })
    expect(count).toBeGreaterThanOrEqual(4)
  })

  test('active no longer, it is quiet again', async () => {
    const count = await beats(async (heartbeat) => {
      heartbeat.pace(true)
      heartbeat.pace(false)
      await halfASecond()
    })
    expect(count).toBeLessThanOrEqual(2)
  })
})

test('every beat has the same length, so that a shorter one leaves nothing of a longer', () => {
  const boot = '44b03ac2-ec1d-4060-af82-e8dfa376a021'
  const lengths = [0, 1e12].map(
    (atMonoMs) => formatHeartbeat({ atMonoMs, runId: '3236b29ef22d', bootId: boot }).length,
  )
  expect(lengths).toEqual([128, 128])
})

test.each(['', 'x', '12', '12 boot', 'NaN boot run'])('%j is no sign of life', (text) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'aloft-heartbeat-'))
  writeFileSync(path.join(folder, 'alive'), text)
  expect(readHeartbeat(path.join(folder, 'alive'))).toBeNull()
  rmSync(folder, { recursive: true })
})

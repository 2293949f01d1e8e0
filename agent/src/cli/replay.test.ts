import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FlightRecorder } from '../router/flight-recorder.ts'
import { FakeWorld } from '../router/loop/fake-world.test.support.ts'
import { RouterLoop } from '../router/loop/router-loop.ts'
import { routerConfig } from '../vrrp/examples.test.support.ts'
import { replayRecording } from './replay.ts'

let folder = ''
let printed = ''
let complained = ''

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'aloft-replay-'))
  printed = ''
  complained = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    complained += text
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

/** Writes what the flight recorder holds after a router took over and was shut down. */
function recordTakeover(ringBytes = 1 << 20): string {
  const recorder = new FlightRecorder({ runId: 'run', bootId: 'boot', ringBytes })
  const world = new FakeWorld()
  const loop = new RouterLoop({ ...world, clock: world.clock, recorder })
  loop.configure([routerConfig()])
  world.advance(loop, 4000)
  loop.shutdown()
  world.advance(loop, 1100)
  const file = path.join(folder, 'flight.jsonl')
  writeFileSync(file, recorder.text())
  return file
}

describe('aloft replay', () => {
  it('prints what the recorded router did, in order, with the time since its start', async () => {
    expect(await replayRecording(recordTakeover())).toBe(0)
    const lines = printed.trimEnd().split('\n')
    expect(lines[0]).toBe('0.000000 eth0 open ipv4')
    expect(lines[2]).toMatch(/^3\.609375 eth0 send 192\.0\.2\.1 → 224\.0\.0\.18 31336401/)
    expect(lines[3]).toBe('3.609375 eth0 ipv4 51 acquire 192.0.2.100/24 dev eth0')
    expect(lines.at(-2)).toBe('5.100000 eth0 ipv4 51 release 192.0.2.100/24 dev eth0')
    expect(lines.at(-1)).toBe('5.100000 eth0 close ipv4')
    expect(complained).toBe('')
  })

  it('prints one JSON object a line when asked', async () => {
    expect(await replayRecording(recordTakeover(), { json: true })).toBe(0)
    const outputs = printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(outputs[0]).toEqual({
      at: 1_000_000,
      output: {
        do: 'open',
        interfaceName: 'eth0',
        family: 'ipv4',
        group: '224.0.0.18',
        isAuthenticated: false,
        receiveBufferBytes: 1_048_576,
      },
    })
  })

  it('says so when the recording has lost its beginning', async () => {
    expect(await replayRecording(recordTakeover(512))).toBe(0)
    expect(complained).toContain('the beginning of this recording was overwritten')
  })

  it.each([
    ['no such file', null, /ENOENT/],
    ['something else', '{"kind":"letter"}\n', /line 1: not the header of a recording/],
    ['nothing', '', /line 1: not the header of a recording/],
  ])('refuses %s and says why', async (_, text, reason) => {
    const file = path.join(folder, 'other.jsonl')
    if (text !== null) writeFileSync(file, text)
    expect(await replayRecording(file)).toBe(1)
    expect(complained).toMatch(reason)
    expect(complained).toContain(`cannot replay ${file}`)
    expect(printed).toBe('')
  })
})

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RecordedInput } from '../world/router-world.ts'
import { FlightRecorder, parseRecording } from './flight-recorder.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'aloft-recorder-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const configure: RecordedInput = {
  at: 1,
  input: { kind: 'configure', routers: [], settings: AGENT_DEFAULTS },
}
const linkDown: RecordedInput = { at: 2, input: { kind: 'link', interfaceName: 'eth0', state: null } }

test('what fits is complete', () => {
  const recorder = create(1_000)
  const inputs = [configure, linkDown, alarm(3)]
  for (const input of inputs) recorder.record(input)
  const { header, inputs: read } = parseRecording(recorder.text())
  expect(header).toEqual({ kind: 'recording', version: 1, runId: 'run', bootId: 'boot', complete: true })
  expect(read).toEqual(inputs)
})

test('what was overwritten is replaced by the configuration and the links of before', () => {
  const recorder = create(200)
  for (const input of [configure, linkDown]) recorder.record(input)
  for (let at = 3; at < 100; at++) recorder.record(alarm(at))
  const { header, inputs } = parseRecording(recorder.text())
  expect(header.complete).toBe(false)
  expect(inputs.slice(0, 2)).toEqual([configure, linkDown])
  const kept = inputs.slice(2)
  expect(kept.at(-1)).toEqual(alarm(99))
  expect(kept.length).toBeGreaterThan(3)
  // No hole among those kept.
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => alarm(100 - kept.length + i)))
})

test('every size of the ring gives whole lines', () => {
  for (let ringBytes = 40; ringBytes < 140; ringBytes++) {
    const recorder = create(ringBytes)
    for (let at = 0; at < 50; at++) recorder.record(alarm(at))
    const { inputs } = parseRecording(recorder.text())
    expect(inputs.every(({ input }) => input.kind === 'alarm')).toBe(true)
  }
})

test('an input larger than the ring is remembered if it is the configuration', () => {
  const recorder = create(20)
  recorder.record(configure)
  expect(parseRecording(recorder.text())).toMatchObject({ header: { complete: false }, inputs: [configure] })
})

test('a dump is a file of its own', () => {
  const recorder = create(1_000)
  recorder.record(configure)
  const file = recorder.dump(path.join(directory, 'recordings'), 'crash', Date.UTC(2026, 0, 2))
  expect(path.basename(file)).toBe('2026-01-02T00-00-00-000Z-crash.jsonl')
  expect(readFileSync(file, 'utf8')).toBe(recorder.text())
})

test('a full recording has everything, however small the ring', () => {
  const folder = path.join(directory, 'full')
  const recorder = new FlightRecorder({ runId: 'run', bootId: 'boot', ringBytes: 50, folder })
  for (let at = 0; at < 20; at++) recorder.record(alarm(at))
  const { header, inputs } = parseRecording(readFileSync(path.join(folder, 'run.jsonl'), 'utf8'))
  recorder.close()
  expect(header.complete).toBe(true)
  expect(inputs.length).toBe(20)
})

test('a text that is no recording is refused with the line', () => {
  expect(() => parseRecording('{"kind":"other"}\n')).toThrow('line 1: not the header of a recording')
  const header = '{"kind":"recording","version":1}'
  expect(() => parseRecording(`${header}\n{"at":1}\n{`)).toThrow('line 3: not a recorded input')
})

function create(ringBytes: number): FlightRecorder {
  return new FlightRecorder({ runId: 'run', bootId: 'boot', ringBytes })
}

function alarm(at: number): RecordedInput {
  return { at, input: { kind: 'alarm' } }
}

/** Which journals lie in `STATE/journal`, and in what order they were written. */
import { open, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { Observed } from '@aloft/shared/protocol/events'
import { z } from 'zod'

export interface JournalSegment {
  readonly file: string
  readonly number: number
  readonly bytes: number
  readonly modifiedMs: number
}

export interface JournalRun {
  readonly run: string
  /** Ascending; at least one. */
  readonly segments: readonly JournalSegment[]
}

interface Dated extends JournalRun {
  readonly bootId: string
  readonly monoMs: number
  readonly modifiedMs: number
}

/** When a run began, by the file of its first segment: a journal is only ever added to, so that it is read for that once. */
export type KnownDates = Map<string, Beginning>

interface Beginning {
  readonly bootId: string
  readonly monoMs: number
}

const FIRST_LINE_BYTES = 16 * 1024
const Line = z.object({ at: Observed })

/**
 * Runs from the oldest to the newest. Within a boot the monotonic clock decides; boots, which share no clock, are
 * ordered by when their files were last written; a run that has not written a whole line yet comes last.
 */
export async function listRuns(directory: string, known: KnownDates): Promise<readonly JournalRun[]> {
  const found = await segmentsByRun(directory)
  const runs = await Promise.all(Array.from(found, (each) => date(each, known)))
  const files = new Set(runs.map(({ segments }) => segments[0]?.file))
  for (const file of known.keys()) if (!files.has(file)) known.delete(file)
  const bootMs = new Map<string, number>()
  for (const { bootId, modifiedMs } of runs)
    bootMs.set(bootId, Math.min(bootMs.get(bootId) ?? Number.POSITIVE_INFINITY, modifiedMs))
  const ageOf = ({ bootId, modifiedMs }: Dated) =>
    bootId === '' ? Number.POSITIVE_INFINITY : (bootMs.get(bootId) ?? modifiedMs)
  return runs.sort(
    (a, b) =>
      compare(ageOf(a), ageOf(b)) || compare(a.monoMs, b.monoMs) || compare(a.modifiedMs, b.modifiedMs),
  )
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}

async function segmentsByRun(directory: string): Promise<Map<string, JournalSegment[]>> {
  const runs = new Map<string, JournalSegment[]>()
  for (const name of await readdir(directory)) {
    const match = /^(.+)-(\d+)\.jsonl$/.exec(name)
    if (!match?.[1]) continue
    const file = path.join(directory, name)
    const found = await stat(file).catch(() => null)
    if (found === null) continue
    const segment = { file, number: Number(match[2]), bytes: found.size, modifiedMs: found.mtimeMs }
    runs.set(match[1], [...(runs.get(match[1]) ?? []), segment])
  }
  return runs
}

async function date([run, unordered]: [string, JournalSegment[]], known: KnownDates): Promise<Dated> {
  const segments = unordered.sort((a, b) => a.number - b.number)
  const [first] = segments
  const at = first ? (known.get(first.file) ?? (await firstLineAt(first.file))) : null
  if (first && at) known.set(first.file, at)
  const modifiedMs = first?.modifiedMs ?? 0
  return { run, segments, bootId: at?.bootId ?? '', monoMs: at?.monoMs ?? 0, modifiedMs }
}

async function firstLineAt(file: string): Promise<Beginning | null> {
  const handle = await open(file, 'r').catch(() => null)
  if (handle === null) return null
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(FIRST_LINE_BYTES), 0, FIRST_LINE_BYTES, 0)
    const [text = '', ...more] = buffer.toString('utf8', 0, bytesRead).split('\n')
    if (more.length === 0) return null
    const { at } = Line.parse(JSON.parse(text))
    return at
  } catch {
    return null
  } finally {
    await handle.close()
  }
}

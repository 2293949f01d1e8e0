/** What the files of a spool say when it is opened: after a clean stop, a kill, a power loss or a bad disk. */
import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { encodeRecord, scanRecords } from './spool-records.ts'
import { decodeSegment, mergeOrigins, parseSegmentName } from './spool-segment.ts'

export interface SegmentSummary {
  readonly file: string
  readonly firstSeq: number
  /** `firstSeq − 1` when it holds none. */
  readonly lastSeq: number
  readonly bytes: number
  /** When its last event was observed or, without any, when it was written. */
  readonly lastWallMs: number
}

export interface RecoveredSpool {
  readonly epoch: string
  readonly segments: readonly SegmentSummary[]
  readonly nextSeq: number
  readonly ackedSeq: number
  readonly origins: Map<string, number>
  /** Whether the last segment may be written on. */
  readonly isLastSegmentSound: boolean
  /** Files of an epoch that is over, to be deleted once the new one is durable. */
  readonly obsolete: readonly string[]
  /** For the log: what was found wrong and what was done. */
  readonly notes: readonly string[]
}

const AckCursor = z.object({ epoch: z.string(), seq: z.int().min(0) })
const CURSOR = 'acked'

/** Reads `directory`, which must exist. Truncates a torn tail; anything else it leaves as it is. */
export async function recoverSpool(directory: string): Promise<RecoveredSpool> {
  const notes: string[] = []
  const { epoch, names } = await newestEpoch(directory, notes)
  const origins = new Map<string, number>()
  const segments: SegmentSummary[] = []
  let dropThrough = 0
  let isLastSegmentSound = false
  for (const [i, { name, firstSeq }] of names.entries()) {
    const file = path.join(directory, name)
    const next = names[i + 1]
    const { summary, drops, isSound } = await recoverSegment({
      file,
      firstSeq,
      lastSeq: next ? next.firstSeq - 1 : null,
      origins,
      notes,
    })
    segments.push(summary)
    isLastSegmentSound = isSound
    dropThrough = Math.max(dropThrough, drops)
  }
  const kept = await finishDropping(segments, dropThrough)
  const acked = await readCursor(directory, epoch)
  const lastSeq = kept.at(-1)?.lastSeq ?? 0
  const found = {
    epoch,
    segments: kept,
    nextSeq: lastSeq + 1,
    ackedSeq: acked,
    isLastSegmentSound,
    obsolete: [],
  }
  return acked > lastSeq ? startAnew(found, { origins, notes }) : { ...found, origins, notes }
}

/**
 * The end of the spool is gone, though the centre holds it: a restored disk. Its seqs must not be given twice, so a
 * new epoch begins. Nothing is lost by it: all the old one has was acknowledged.
 */
function startAnew(
  { segments, nextSeq, ackedSeq }: Omit<RecoveredSpool, 'origins' | 'notes'>,
  { origins, notes }: Pick<RecoveredSpool, 'origins' | 'notes'>,
): RecoveredSpool {
  const note = `the spool ends at ${nextSeq - 1} but the centre holds ${ackedSeq}: a new epoch begins`
  return {
    epoch: newEpoch(),
    segments: [],
    nextSeq: 1,
    ackedSeq: 0,
    origins,
    isLastSegmentSound: false,
    obsolete: segments.map(({ file }) => file),
    notes: [...notes, note],
  }
}

function newEpoch(): string {
  return randomBytes(8).toString('hex')
}

/** Replaces the cursor as a whole. Losing the newest one to a power loss only means asking the centre again. */
export async function writeCursor(directory: string, epoch: string, seq: number): Promise<void> {
  const file = path.join(directory, CURSOR)
  await writeFile(`${file}.new`, encodeRecord(JSON.stringify({ epoch, seq })), { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** Makes the names in a directory durable (fsync(2) of the directory itself). */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function newestEpoch(directory: string, notes: string[]) {
  const found = (await readdir(directory)).flatMap((name) => {
    const parsed = parseSegmentName(name)
    return parsed ? [{ name, ...parsed }] : []
  })
  const dated = await Promise.all(
    found.map(async (one) => ({ ...one, modifiedMs: (await stat(path.join(directory, one.name))).mtimeMs })),
  )
  const newest = dated.reduce((a, b) => (b.modifiedMs >= (a?.modifiedMs ?? 0) ? b : a), dated[0])
  if (newest === undefined) return { epoch: newEpoch(), names: [] }
  const others = new Set(dated.map(({ epoch }) => epoch).filter((epoch) => epoch !== newest.epoch))
  for (const epoch of others) notes.push(`segments of another epoch (${epoch}) are left alone`)
  const names = dated
    .filter(({ epoch }) => epoch === newest.epoch)
    .sort((a, b) => a.firstSeq - b.firstSeq)
    .map(({ name, firstSeq }) => ({ name, firstSeq }))
  return { epoch: newest.epoch, names }
}

async function recoverSegment(segment: {
  readonly file: string
  readonly firstSeq: number
  readonly lastSeq: number | null
  readonly origins: Map<string, number>
  readonly notes: string[]
}): Promise<{ readonly summary: SegmentSummary; readonly drops: number; readonly isSound: boolean }> {
  const { file, firstSeq, lastSeq, origins, notes } = segment
  const { mtimeMs } = await stat(file)
  const content = await readFile(file)
  const decoded = decodeSegment(content, { firstSeq, lastSeq, modifiedWallMs: mtimeMs })
  mergeOrigins(origins, decoded.origins)
  const name = path.basename(file)
  if (decoded.unreadable > 0)
    notes.push(`${name}: ${decoded.unreadable} events cannot be read; each is reported as a gap`)
  const isTorn = lastSeq === null && !decoded.isDamaged && decoded.wholeBytes < content.length
  if (isTorn) {
    await truncate(file, decoded.wholeBytes)
    notes.push(
      `${name}: ${content.length - decoded.wholeBytes} bytes of a record that was being written are cut off`,
    )
  }
  const last = decoded.events.at(-1)
  const summary = {
    file,
    firstSeq,
    lastSeq: firstSeq + decoded.events.length - 1,
    bytes: isTorn ? decoded.wholeBytes : content.length,
    lastWallMs: last?.event.at.wallMs ?? mtimeMs,
  }
  const drops = decoded.events.reduce((most, event) => Math.max(most, event.drops ?? 0), 0)
  return { summary, drops, isSound: !decoded.isDamaged && decoded.wholeBytes > 0 }
}

/** A gap that stands for dropped segments is durable before they are deleted; a kill in between is made good here. */
async function finishDropping(
  segments: readonly SegmentSummary[],
  through: number,
): Promise<SegmentSummary[]> {
  for (const { file, lastSeq } of segments) if (lastSeq <= through && through > 0) await unlink(file)
  return segments.filter(({ lastSeq }) => lastSeq > through || through === 0)
}

async function readCursor(directory: string, epoch: string): Promise<number> {
  try {
    const file = await readFile(path.join(directory, CURSOR))
    const [place] = scanRecords(file).payloads
    const cursor = AckCursor.parse(JSON.parse(file.toString('utf8', place?.start, place?.end)))
    return cursor.epoch === epoch ? cursor.seq : 0
  } catch {
    return 0
  }
}

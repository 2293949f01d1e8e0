/** What the bytes of a journal say: its lines, and where lines are missing. */
import { EventBody, Observed } from '@aloft/shared/protocol/events'
import { z } from 'zod'
import type { NewEvent } from '../node/spool.ts'

const JournalLine = z.object({ n: z.int().min(1), at: Observed, body: EventBody })

/** How far one run's journal was read. */
export interface RunProgress {
  readonly run: string
  /** The last line that is in the spool, or about to be. */
  readonly n: number
  readonly lastWallMs: number | null
  /** Something unreadable came after line `n`; the next line's number will say how much. */
  readonly isDamaged: boolean
}

export function startOfRun(run: string, lastSpooled: number): RunProgress {
  return { run, n: lastSpooled, lastWallMs: null, isDamaged: false }
}

/** The events of some lines, without those spooled before, and with a gap where lines are missing. */
export function readLines(
  before: RunProgress,
  lines: readonly string[],
): { readonly progress: RunProgress; readonly events: readonly NewEvent[] } {
  let progress = before
  const events: NewEvent[] = []
  for (const text of lines) {
    const line = parseLine(text)
    if (line === null) {
      progress = { ...progress, isDamaged: true }
      continue
    }
    const { n, at, body } = line
    if (n <= progress.n) {
      progress = { ...progress, lastWallMs: at.wallMs, isDamaged: false }
      continue
    }
    const { run, lastWallMs } = progress
    const missing = n - progress.n - 1
    if (missing > 0) events.push(gap({ run, n: n - 1 }, at, { count: missing, fromWallMs: lastWallMs }))
    events.push({ at, body, from: { run, n } })
    progress = { run, n, lastWallMs: at.wallMs, isDamaged: false }
  }
  return { progress, events }
}

/** The end of a run that ended in something unreadable: nobody knows how many lines that was. */
export function endOfRun({ run, n, lastWallMs, isDamaged }: RunProgress, now: Observed): NewEvent | null {
  return isDamaged ? gap({ run, n: n + 1 }, now, { count: null, fromWallMs: lastWallMs }) : null
}

function gap(
  from: { readonly run: string; readonly n: number },
  at: Observed,
  { count, fromWallMs }: { readonly count: number | null; readonly fromWallMs: number | null },
): NewEvent {
  return { at, body: { kind: 'gap', count, cause: 'journal-corrupt', fromWallMs, toWallMs: at.wallMs }, from }
}

function parseLine(text: string): z.infer<typeof JournalLine> | null {
  try {
    const line = JournalLine.safeParse(JSON.parse(text))
    return line.success ? line.data : null
  } catch {
    return null
  }
}

/** The sign of life a successor judges by: how long ago did the last router of this state directory still run? */
import { closeSync, openSync, readFileSync, write } from 'node:fs'

export interface Heartbeat {
  readonly runId: string
  readonly bootId: string
  readonly atMonoMs: number
}

/** At most this old while the router is active somewhere: what a successor may resume is judged by it. */
export const HEARTBEAT_EVERY_MS = 100
/** At most this old otherwise. There is nothing to resume then, and a beat wakes two threads. */
export const IDLE_HEARTBEAT_EVERY_MS = 2_000

const LINE_BYTES = 128

/**
 * Starts beating into `file`. The write goes through the thread pool and is skipped while one is under way: a disk
 * that stalls must never stall the process that has to advertise every 10 ms. The line has a fixed length and is
 * rewritten in place, so that no beat allocates or renames anything.
 */
export function startHeartbeat(file: string, beat: { runId: string; bootId: string; now: () => number }) {
  const fd = openSync(file, 'w', 0o600)
  let isWriting = false
  const written = () => {
    isWriting = false
  }
  const beatOnce = () => {
    if (isWriting) return
    isWriting = true
    const line = formatHeartbeat({ ...beat, atMonoMs: beat.now() })
    write(fd, line, 0, LINE_BYTES, 0, written)
  }
  beatOnce()
  let everyMs = IDLE_HEARTBEAT_EVERY_MS
  let timer = setInterval(beatOnce, everyMs)
  return {
    /** `isActive`: the process has a role that a successor could resume. The first beat of it comes at once. */
    pace(isActive: boolean) {
      const paceMs = isActive ? HEARTBEAT_EVERY_MS : IDLE_HEARTBEAT_EVERY_MS
      if (paceMs === everyMs) return
      everyMs = paceMs
      clearInterval(timer)
      timer = setInterval(beatOnce, everyMs)
      if (isActive) beatOnce()
    },
    stop() {
      clearInterval(timer)
      if (!isWriting) closeSync(fd)
    },
  }
}

export function formatHeartbeat({ atMonoMs, runId, bootId }: Heartbeat): Buffer {
  return Buffer.from(`${atMonoMs.toFixed(3)} ${bootId} ${runId}`.padEnd(LINE_BYTES - 1).concat('\n'))
}

/** The last beat in `file`, or null when there is none to be read. */
export function readHeartbeat(file: string): Heartbeat | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return null
  }
  const [at, bootId, runId] = text.trim().split(' ')
  const atMonoMs = Number(at)
  return at && bootId && runId && Number.isFinite(atMonoMs) ? { atMonoMs, bootId, runId } : null
}

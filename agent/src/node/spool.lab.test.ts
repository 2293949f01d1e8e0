import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSpool } from './spool.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'aloft-spool-kill-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const writer = path.join(import.meta.dirname, 'spool-writer.fixture.ts')

/** Runs a writer from event `first` on and kills it; the numbers it was promised would be kept. */
async function writeAndDie(first: number, enough: number, mercyMs: number): Promise<number[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', writer, root, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += String(chunk)
    // Some way into a write, or a roll of segments: never at the same place.
    if (text.split('\n').length > enough) setTimeout(() => child.kill('SIGKILL'), mercyMs)
  })
  await once(child, 'close')
  return text.split('\n').slice(0, -1).map(Number)
}

describe('a spool whose writer is killed with SIGKILL', () => {
  it('holds every event it promised to keep, each once and in order, twelve times over', async () => {
    let promised = 0
    for (let round = 0; round < 12; round++) {
      const numbers = await writeAndDie(promised + 1, 30 + 7 * round, (round * 1.7) % 5)
      const last = Math.max(...numbers)
      expect(numbers.length).toBeGreaterThanOrEqual(30)
      const spool = await openSpool({
        directory: root,
        wallMs: Date.now,
        observed: () => ({ wallMs: 0, monoMs: 0, bootId: 'boot' }),
        log: () => {},
        limits: { segmentBytes: 4_000 },
      })
      const { firstSeq, lastSeq } = spool.condition
      expect(firstSeq).toBe(1)
      const kept: string[] = []
      while (kept.length < lastSeq) {
        const more = await spool.read(kept.length, { countMax: 1e6, bytesMax: 1e9 })
        for (const { seq, body } of more) {
          expect(seq).toBe(kept.length + 1)
          kept.push(body.kind === 'link' ? body.interface : JSON.stringify(body))
        }
      }
      expect(kept.length).toBeGreaterThanOrEqual(last)
      expect(kept).toEqual(kept.map((_, i) => `eth${i + 1}`))
      expect(spool.lastLineOf('writer')).toBe(kept.length)
      await spool.close()
      // What was written and not promised yet is kept as well; the next writer goes on after it.
      promised = kept.length
    }
  })
})

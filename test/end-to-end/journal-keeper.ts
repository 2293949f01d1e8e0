/**
 * Keeps what an agent's routers wrote to their journals, independent of everything that reads them: each journal
 * file is given a second name by a hard link as soon as it appears, so that it survives its deletion.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { JournalLine } from '../../agent/src/router/contract.ts'

const LOOK_EVERY_MS = 10

export interface KeptLine extends JournalLine {
  readonly run: string
}

export interface JournalKeeper {
  /** Everything the routers recorded, by run and in order. */
  lines(): readonly KeptLine[]
  stop(): void
}

/** `keepIn` must be on the same file system as the state directory. */
export function keepJournal(stateDir: string, keepIn: string): JournalKeeper {
  const journal = path.join(stateDir, 'journal')
  mkdirSync(keepIn, { recursive: true })
  const kept = new Set<string>()
  const look = (): void => {
    for (const file of listed(journal)) {
      if (kept.has(file) || !file.endsWith('.jsonl')) continue
      try {
        linkSync(path.join(journal, file), path.join(keepIn, file))
        kept.add(file)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      }
    }
  }
  const timer = setInterval(look, LOOK_EVERY_MS)
  return {
    lines() {
      look()
      return listed(keepIn)
        .sort()
        .flatMap((file) => readLines(path.join(keepIn, file)))
    },
    stop: () => clearInterval(timer),
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** A torn last line was never whole, so it was never an event; the steward reports it as a gap. */
function readLines(file: string): KeptLine[] {
  const run = path.basename(file).replace(/-\d+\.jsonl$/, '')
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => ({ run, ...JSON.parse(line) }))
}

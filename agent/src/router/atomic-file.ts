import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'

/** Replaces a file's content as a whole: readers, and a restart at any instruction, see the old or the new one. */
export function replaceFile(file: string, text: string, durable: 'durable' | 'until-power-loss'): void {
  const draft = `${file}.new`
  const fd = openSync(draft, 'w', 0o600)
  try {
    const bytes = Buffer.from(text)
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written)
    if (durable === 'durable') fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(draft, file)
}

/** The JSON in a file, or null when there is no such file or no JSON in it. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}

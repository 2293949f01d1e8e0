import { closeSync, openSync, readSync } from 'node:fs'
import type { Diagnostic } from '@aloft/shared/config/diagnostic'
import {
  type LoadedConfig,
  loadAgentConfig,
  type RefusedConfig,
} from '@aloft/shared/config/load-agent-config'

/** A config file as it was read: its text for snippets, and what it says or why it is refused. */
export interface CheckedFile {
  readonly text: string
  readonly result: LoadedConfig | RefusedConfig
}

/** More than any config `loadAgentConfig` takes, so that it words the refusal; and an end to /dev/zero. */
const READ_BYTES_MAX = 4 * 1_048_576 + 1

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
}

/** Reads and checks a config; `-` is standard input. A file that cannot be read is a diagnostic like any other. */
export function readCheckedFile(file: string): CheckedFile {
  let text: string
  try {
    text = decode(readBytes(file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const isText = code !== 'ERR_ENCODING_INVALID_ENCODED_DATA'
    const why = WHY[code] ?? (error instanceof Error ? error.message : String(error))
    return { text: '', result: { diagnostics: [isText ? unreadable(file, why) : notText(file)] } }
  }
  return { text, result: loadAgentConfig(text) }
}

function readBytes(file: string): Uint8Array {
  const descriptor = file === '-' ? 0 : openSync(file, 'r')
  try {
    const chunks: Buffer[] = []
    let total = 0
    while (total < READ_BYTES_MAX) {
      const chunk = Buffer.alloc(65_536)
      const length = readSync(descriptor, chunk)
      if (length === 0) break
      chunks.push(chunk.subarray(0, length))
      total += length
    }
    return Buffer.concat(chunks).subarray(0, READ_BYTES_MAX)
  } finally {
    if (descriptor !== 0) closeSync(descriptor)
  }
}

/** Refuses what is not UTF-8, except in the character the limit may have cut in two. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: bytes.length < READ_BYTES_MAX }).decode(bytes)
}

function unreadable(file: string, why: string): Diagnostic {
  return { ...START, code: 'unreadable-file', message: `cannot read ${file}: ${why}` }
}

function notText(file: string): Diagnostic {
  return { ...START, code: 'not-yaml', message: `${file} is not text in UTF-8` }
}

const START = { severity: 'error', line: 1, column: 1, path: '', hint: null } as const

/**
 * How the spool's records lie in a file, one after the other:
 *
 *   0        4        8        12
 *   | magic  | length | CRC-32 | payload, `length` bytes of UTF-8 JSON |
 *
 * All numbers are big-endian; the CRC covers the payload. The magic lets a reader find the next record after damage,
 * so that a flipped bit costs the record it hit and no other.
 */
import { crc32 } from 'node:zlib'

const MAGIC = Buffer.from([0xa1, 0x0f, 0x75, 0x91])
const HEADER_BYTES = 12
export const PAYLOAD_BYTES_MAX = 256 * 1024

/** Where a payload lies in the file. */
export interface PayloadPlace {
  readonly start: number
  readonly end: number
}

export interface Scan {
  readonly payloads: readonly PayloadPlace[]
  /** Where the last whole record ends. */
  readonly wholeBytes: number
  /**
   * What follows it. `torn`: a record whose writing was cut short; it was never promised to anybody. `damaged`: bytes
   * that were whole records once, as many as `damagedRecords` at least.
   */
  readonly tail: 'none' | 'torn' | 'damaged'
  readonly damagedRecords: number
}

export function encodeRecord(payload: string): Buffer {
  const bytes = Buffer.from(payload)
  if (bytes.length > PAYLOAD_BYTES_MAX) throw new RangeError(`a spool record of ${bytes.length} bytes`)
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt32BE(bytes.length, 4)
  header.writeUInt32BE(crc32(bytes), 8)
  return Buffer.concat([header, bytes])
}

/** Finds every whole record of a file. Never throws. */
export function scanRecords(file: Buffer): Scan {
  const payloads: PayloadPlace[] = []
  let at = 0
  let wholeBytes = 0
  while (at < file.length) {
    const place = recordAt(file, at)
    if (place !== null) {
      payloads.push(place)
      at = place.end
      wholeBytes = at
      continue
    }
    const next = nextRecord(file, at + 1)
    if (next === null) break
    at = next
  }
  if (wholeBytes === file.length) return { payloads, wholeBytes, tail: 'none', damagedRecords: 0 }
  const isCutShort = isTorn(file.subarray(wholeBytes))
  return {
    payloads,
    wholeBytes,
    tail: isCutShort ? 'torn' : 'damaged',
    damagedRecords: isCutShort ? 0 : countHeaders(file, wholeBytes),
  }
}

function recordAt(file: Buffer, at: number): PayloadPlace | null {
  const length = lengthAt(file, at)
  if (length === null) return null
  const start = at + HEADER_BYTES
  const end = start + length
  if (end > file.length) return null
  return crc32(file.subarray(start, end)) === file.readUInt32BE(at + 8) ? { start, end } : null
}

/** The payload length a header states, or null when there is no header here. */
function lengthAt(file: Buffer, at: number): number | null {
  if (file.length - at < HEADER_BYTES || file.compare(MAGIC, 0, 4, at, at + 4) !== 0) return null
  const length = file.readUInt32BE(at + 4)
  return length <= PAYLOAD_BYTES_MAX ? length : null
}

function nextRecord(file: Buffer, from: number): number | null {
  for (let at = file.indexOf(MAGIC, from); at !== -1; at = file.indexOf(MAGIC, at + 1)) {
    if (recordAt(file, at) !== null) return at
  }
  return null
}

/** A proper prefix of a record, or the zeros a file system leaves after a power loss. */
function isTorn(tail: Buffer): boolean {
  if (tail.every((byte) => byte === 0)) return true
  if (tail.length < HEADER_BYTES) {
    const seen = Math.min(tail.length, MAGIC.length)
    return tail.compare(MAGIC, 0, seen, 0, seen) === 0
  }
  const length = lengthAt(tail, 0)
  return length !== null && HEADER_BYTES + length > tail.length
}

/** How many records the damaged tail held, as far as their headers still say. */
function countHeaders(file: Buffer, from: number): number {
  let count = 0
  let at = from
  while (at < file.length) {
    const length = lengthAt(file, at)
    if (length === null) return Math.max(count, 1)
    at += HEADER_BYTES + length
    if (at <= file.length) count += 1
  }
  return Math.max(count, 1)
}

/** What is on the wire, seen by somebody else: tcpdump in the switch's namespace, and a reader of its files. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** A captured IPv4 packet: Ethernet header removed, the rest as it was. */
export interface CapturedPacket {
  readonly sourceMac: string
  readonly atMs: number
  readonly packet: Uint8Array
}

/** Captures VRRP packets on the bridge until `count` have passed (by a source, when given) or the time is up. */
export async function captureAdvertisements(options: {
  readonly namespace: string
  readonly count: number
  readonly withinMs: number
  readonly from?: string
  /** IP protocol: 112 when left out; 51 for those under authentication headers. */
  readonly protocol?: 112 | 51
}): Promise<Buffer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-capture-'))
  const file = path.join(folder, 'capture.pcap')
  const filter = `ip proto ${options.protocol ?? 112}${options.from === undefined ? '' : ` and src host ${options.from}`}`
  const args = [
    'tcpdump',
    '-i',
    'br0',
    '-U',
    '-w',
    file,
    '-c',
    String(options.count),
    '-s',
    '256',
    '--immediate-mode',
  ]
  const child = spawn('ip', ['netns', 'exec', options.namespace, ...args, filter], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  try {
    const code = await new Promise<number | null>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGTERM'), options.withinMs)
      child.once('exit', (exitCode) => {
        clearTimeout(timer)
        resolve(exitCode)
      })
    })
    const capture = readFileSync(file)
    if (readCapture(capture).length < options.count)
      throw new Error(`too few adverts were captured (exit ${code}): ${said}`)
    return capture
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const FILE_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16
const ETHERNET_HEADER_BYTES = 14
/** The classic little-endian microsecond format, which is what tcpdump writes on these machines. */
const PCAP_MAGIC = 0xa1b2c3d4

/** Reads a pcap file of Ethernet frames. Throws on any other format: a golden that cannot be read proves nothing. */
export function readCapture(file: Buffer): CapturedPacket[] {
  if (file.readUInt32LE(0) !== PCAP_MAGIC) throw new Error('not a little-endian microsecond pcap file')
  const packets: CapturedPacket[] = []
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= file.length; ) {
    const length = file.readUInt32LE(at + 8)
    const frame = file.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length)
    packets.push({
      atMs: file.readUInt32LE(at) * 1_000 + file.readUInt32LE(at + 4) / 1_000,
      sourceMac: [...frame.subarray(6, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
      packet: new Uint8Array(frame.subarray(ETHERNET_HEADER_BYTES)),
    })
    at += RECORD_HEADER_BYTES + length
  }
  return packets
}

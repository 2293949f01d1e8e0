import { endianness } from 'node:os'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeProcessEvent, encodeListen } from './process-events.ts'

/** As drivers/connector/cn_proc.c lays it out: nlmsghdr, cn_msg, proc_event. */
function message(what: number, ...words: number[]): Buffer {
  const all = [0, 3, 0, 0, 1, 1, 0, 0, 40, what, 0, 0, 0, ...words, 0, 0, 0, 0]
  const bytes = Buffer.alloc(all.length * 4)
  for (const [i, word] of all.entries()) {
    if (endianness() === 'LE') bytes.writeUInt32LE(word >>> 0, i * 4)
    else bytes.writeUInt32BE(word >>> 0, i * 4)
  }
  return bytes
}

describe('the kernel’s news of processes', () => {
  it('tells of forks, programs, names and ends', () => {
    expect(decodeProcessEvent(message(0x1, 10, 10, 11, 11))).toEqual({ what: 'fork', pid: 11, parentPid: 10 })
    expect(decodeProcessEvent(message(0x2, 11, 11))).toEqual({ what: 'exec', pid: 11, parentPid: null })
    expect(decodeProcessEvent(message(0x200, 11, 11))).toEqual({ what: 'name', pid: 11, parentPid: null })
    expect(decodeProcessEvent(message(0x8000_0000, 11, 11))).toEqual({
      what: 'exit',
      pid: 11,
      parentPid: null,
    })
  })

  it('is silent about threads, and about what it does not know', () => {
    expect(decodeProcessEvent(message(0x1, 10, 10, 12, 11))).toBeNull()
    expect(decodeProcessEvent(message(0x8000_0000, 12, 11))).toBeNull()
    expect(decodeProcessEvent(message(0x4, 11, 11))).toBeNull()
    expect(decodeProcessEvent(message(0, 11, 11))).toBeNull()
  })

  it('is silent about every message that is cut short', () => {
    const whole = message(0x1, 10, 10, 11, 11)
    for (let length = 0; length < 68; length++)
      expect(decodeProcessEvent(whole.subarray(0, length))).toBeNull()
  })

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => void decodeProcessEvent(bytes)))
  })

  it('is asked for with PROC_CN_MCAST_LISTEN', () => {
    expect(Buffer.from(encodeListen()).readUInt32LE(36)).toBe(1)
    expect(encodeListen()).toHaveLength(40)
  })
})

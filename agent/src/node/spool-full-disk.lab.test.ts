/** A spool on a disk of its own, a tmpfs so small that it is really full: the errors are the kernel's. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EventBody } from '@aloft/shared/protocol/events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../../test/lab/wait.ts'
import { openSpool, type Spool } from './spool.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'aloft-spool-full-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'aloft-full', root])
})
afterEach(() => {
  execFileSync('umount', [root])
  rmSync(root, { recursive: true, force: true })
})

const said: string[] = []
const open = () =>
  openSpool({
    directory: path.join(root, 'spool'),
    wallMs: Date.now,
    observed: () => ({ wallMs: Date.now(), monoMs: 0, bootId: 'boot' }),
    log: (text) => said.push(text),
    retryMs: 50,
    limits: { segmentBytes: 8_192 },
  })

const body = (n: number): EventBody => ({ kind: 'link', interface: `eth${n}`, up: n % 2 === 0 })
const observe = (spool: Spool, n: number) =>
  spool.append([{ at: { wallMs: Date.now(), monoMs: n, bootId: 'boot' }, body: body(n), from: null }])

async function contents(spool: Spool): Promise<readonly EventBody[]> {
  const bodies: EventBody[] = []
  while (bodies.length < spool.condition.lastSeq) {
    const more = await spool.read(bodies.length, { countMax: 1_000, bytesMax: 1_000_000 })
    expect(more[0]?.seq).toBe(bodies.length + 1)
    bodies.push(...more.map((event) => event.body))
  }
  return bodies
}

describe('a disk that is full', () => {
  it('keeps nobody from observing, is told of, and loses nothing once there is room', async () => {
    said.length = 0
    const ballast = path.join(root, 'ballast')
    writeFileSync(ballast, Buffer.alloc(96 * 1_024))
    const spool = await open()
    const writes: Promise<void>[] = []
    for (let n = 1; spool.condition.error === null && n < 2_000; n++) {
      const write = observe(spool, n)
      writes.push(write)
      await Promise.race([
        write,
        until(() => spool.condition.error !== null, { what: 'an error', withinMs: 5_000, everyMs: 5 }),
      ])
    }
    expect(spool.condition.error).toMatch(/ENOSPC/)
    const held = spool.condition.lastSeq
    expect(held).toBeGreaterThan(20)
    // What is observed meanwhile is taken, waits, and does not look durable.
    for (let n = writes.length + 1, end = n + 40; n < end; n++) writes.push(observe(spool, n))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(spool.condition).toMatchObject({ lastSeq: held, error: expect.stringMatching(/ENOSPC/) })
    expect(said.filter((text) => /cannot be written.*ENOSPC/.test(text))).toHaveLength(1)
    rmSync(ballast)
    await Promise.all(writes)
    expect(spool.condition.error).toBe(null)
    expect(said.at(-1)).toMatch(/writing works again/)
    const all = writes.map((_, i) => body(i + 1))
    expect(await contents(spool)).toEqual(all)
    await spool.close()
    const again = await open()
    expect(await contents(again)).toEqual(all)
    await again.close()
  })
})

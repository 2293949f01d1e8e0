import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EventBody, SpooledEvent } from '@aloft/shared/protocol/events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Errand, Follower, type FollowerOptions } from './follower.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'aloft-follower-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A spool in memory. */
class FakeSpool {
  epoch = 'e1'
  firstSeq = 1
  readonly events: SpooledEvent[] = []

  get condition() {
    const { epoch, firstSeq } = this
    return { epoch, firstSeq, lastSeq: this.events.length, heldSeq: 0, error: null }
  }

  async read(afterSeq: number, { countMax }: { countMax: number }) {
    return this.events.slice(Math.max(afterSeq, this.firstSeq - 1)).slice(0, countMax)
  }

  change(virtualRouter: string, to: 'active' | 'backup'): void {
    const body: EventBody = {
      ...{
        kind: 'transition',
        virtualRouter,
        vrid: 51,
        family: 'ipv4',
        interface: 'eth0',
        from: 'backup',
        to,
      },
      ...{ reason: 'no-response', priority: 100, heard: null, outageMs: null, addresses: [] },
    }
    this.events.push({ seq: this.events.length + 1, at: { wallMs: 0, monoMs: 0, bootId: 'b' }, body })
  }
}

const known = { groups: [], isConfigured: () => true, hearsDeleted: () => false }

/** A follower whose errands note what they did, each in the lane of its router. */
function options(
  spool: FakeSpool,
  done: string[],
  run: (text: string, signal: AbortSignal) => Promise<void> = async () => {},
): FollowerOptions {
  return {
    file: path.join(directory, 'position.json'),
    spool,
    known: () => known,
    errands: (told, id) =>
      told.map(
        ({ name, word }): Errand => ({
          lane: name,
          run: async (signal) => {
            await run(`${name} ${word}`, signal)
            done.push(`${id} ${name} ${word}`)
          },
        }),
      ),
    lost: (count) => void done.push(`lost ${count}`),
    log: (text) => void done.push(text),
  }
}

/** For an errand that takes its time. */
function untilReleased(): { readonly slow: Promise<void>; release(): void } {
  let release = () => {}
  const slow = new Promise<void>((resolve) => {
    release = resolve
  })
  return { slow, release: () => release() }
}

describe('a follower', () => {
  it('that is new tells nothing of what was there before it', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    spool.change('web', 'active')
    const follower = await Follower.open(options(spool, done))
    spool.change('web', 'backup')
    follower.grew()
    await expect.poll(() => done).toEqual(['e1:2 web BACKUP'])
    await follower.stop()
  })

  it('does one thing at a time for each lane, and lets a slow lane stop no other', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    const { slow, release } = untilReleased()
    const follower = await Follower.open(
      options(spool, done, (text) => (text === 'web MASTER' ? slow : Promise.resolve())),
    )
    spool.change('web', 'active')
    spool.change('web', 'backup')
    spool.change('db', 'active')
    follower.grew()
    await expect.poll(() => done).toEqual(['e1:3 db MASTER'])
    expect(follower.behind).toBe(3)
    release()
    await expect.poll(() => done).toEqual(['e1:3 db MASTER', 'e1:1 web MASTER', 'e1:2 web BACKUP'])
    await follower.stop()
  })

  it('begun again repeats what was being done, and nothing that was done, in whatever lane', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    const interrupted = options(spool, done, (text, signal) =>
      text === 'web MASTER'
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))))
        : Promise.resolve(),
    )
    const first = await Follower.open(interrupted)
    spool.change('web', 'active')
    spool.change('db', 'active')
    spool.change('web', 'backup')
    first.grew()
    await expect.poll(() => done).toEqual(['e1:2 db MASTER'])
    await first.stop()
    done.splice(0)
    const second = await Follower.open(options(spool, done))
    await expect.poll(() => done).toEqual(['e1:1 web MASTER', 'e1:3 web BACKUP'])
    await second.stop()
  })

  it('tells everything of a spool that is a new one', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    const first = await Follower.open(options(spool, done))
    await first.stop()
    spool.epoch = 'e2'
    spool.change('web', 'active')
    const second = await Follower.open(options(spool, done))
    await expect.poll(() => done).toEqual(['e2:1 web MASTER'])
    await second.stop()
  })

  it.each(['', '{"epoch":"e1"', '{"epoch":"e1","seq":0}', '[]'])(
    'whose position cannot be read (%s) says so, tells nothing of what was there, and goes on',
    async (kept) => {
      const spool = new FakeSpool()
      const done: string[] = []
      spool.change('web', 'active')
      writeFileSync(path.join(directory, 'position.json'), kept)
      const follower = await Follower.open(options(spool, done))
      expect(done).toEqual([
        expect.stringMatching(/^notifications: .*position\.json cannot be read .*nobody/),
      ])
      spool.change('web', 'backup')
      follower.grew()
      await expect.poll(() => done.slice(1)).toEqual(['e1:2 web BACKUP'])
      await follower.stop()
    },
  )

  it('keeps where it begins before anything came, so that a kill at once tells what comes next', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    spool.change('web', 'active')
    await Follower.open(options(spool, []))
    spool.change('web', 'backup')
    const second = await Follower.open(options(spool, done))
    expect(second.behind).toBe(1)
    await expect.poll(() => done).toEqual(['e1:2 web BACKUP'])
    await second.stop()
  })

  it('says that the spool cannot be read, and tells what is in it as soon as it can be', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    const follower = await Follower.open(options(spool, done))
    const read = vi.spyOn(spool, 'read').mockRejectedValueOnce(new Error('EIO'))
    spool.change('web', 'active')
    follower.grew()
    await expect.poll(() => done).toEqual(['notifications: EIO'])
    await expect.poll(() => done.slice(1), { timeout: 3_000 }).toEqual(['e1:1 web MASTER'])
    expect(read.mock.calls.length).toBeGreaterThan(1)
    await follower.stop()
  })

  it('reads 2,048 events ahead of one that takes its time, and no more', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    const { slow, release } = untilReleased()
    const follower = await Follower.open(
      options(spool, done, (text) => (text[0] === 'w' ? slow : Promise.resolve())),
    )
    spool.change('web', 'active')
    for (let i = 0; i < 2_100; i++) spool.change(`db${i}`, 'active')
    follower.grew()
    await expect.poll(() => done.length, { timeout: 3_000 }).toBe(2_047)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([done.length, follower.behind]).toEqual([2_047, 2_101])
    release()
    await expect.poll(() => done.length, { timeout: 3_000 }).toBe(2_101)
    await follower.stop()
  })

  it('that is stopped waits for what runs to end', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    const begun: string[] = []
    const ends = () => new Promise<void>((resolve) => setTimeout(resolve, 400))
    const follower = await Follower.open(
      options(spool, done, (text) => {
        begun.push(text)
        return ends()
      }),
    )
    spool.change('web', 'active')
    follower.grew()
    await expect.poll(() => begun).toEqual(['web MASTER'])
    await follower.stop()
    expect(done).toEqual(['e1:1 web MASTER'])
  })

  it('that was stopped begins nothing any more', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    const follower = await Follower.open(options(spool, done))
    await follower.stop()
    spool.change('web', 'active')
    follower.grew()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(done).toEqual([])
  })

  it('says how many events the spool dropped before they were told', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    const first = await Follower.open(options(spool, done))
    await first.stop()
    for (let i = 0; i < 5; i++) spool.change('web', i % 2 === 0 ? 'active' : 'backup')
    spool.firstSeq = 4
    const second = await Follower.open(options(spool, done))
    await expect.poll(() => done).toEqual(['lost 3', 'e1:4 web BACKUP', 'e1:5 web MASTER'])
    await second.stop()
  })

  it('goes on after an errand that failed', async () => {
    const spool = new FakeSpool()
    const done: string[] = []
    const follower = await Follower.open(
      options(spool, done, (text) =>
        text === 'web MASTER' ? Promise.reject(new Error('no')) : Promise.resolve(),
      ),
    )
    spool.change('web', 'active')
    spool.change('web', 'backup')
    follower.grew()
    await expect.poll(() => done).toEqual(['notifications: Error: no', 'e1:2 web BACKUP'])
    await follower.stop()
  })
})

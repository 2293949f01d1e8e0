import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Bus, type Carrier, createBus } from './bus.ts'

const open: Bus[] = []
afterEach(async () => {
  for (const bus of open.splice(0)) await bus.stop()
})

/** A carrier that this test breaks: `hears` while messages come back, `listens` while it can be listened to. */
function rigged() {
  const rig = { hears: true, listens: true, listened: 0 }
  let hear: (message: string) => void = () => {}
  const carrier: Carrier = {
    kind: 'nats',
    listen: async (to) => {
      rig.listened += 1
      if (!rig.listens) throw new Error('nobody there')
      hear = to
    },
    send: async (messages) => {
      if (rig.hears) for (const message of messages) hear(message)
    },
    stop: async () => {},
  }
  const said: string[] = []
  const causes: unknown[] = []
  const note = (facts: object, message: string) => {
    said.push(message)
    if ('err' in facts) causes.push(facts.err)
  }
  const bus = createBus({
    carrier,
    log: { info: note, warn: note },
    lookEveryMs: 60_000,
    probeEveryMs: 10,
  })
  open.push(bus)
  return { rig, bus, said, causes }
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !isSo(); await sleep(2))
    if (Date.now() > end) throw new Error('waited in vain')
}

describe('a bus that does not hear itself', () => {
  it('listens anew, for a carrier may have forgotten it', async () => {
    const { rig, bus, said } = rigged()
    bus.subscribe('feed', () => {})
    await until(() => bus.figures().heard)
    expect(rig.listened).toBe(1)
    rig.hears = false
    await until(() => !bus.figures().heard && rig.listened > 2)
    rig.hears = true
    await until(() => bus.figures().heard)
    expect(said).toEqual(['the bus is silent; replicas look each second instead', 'the bus carries again'])
  })

  it('and cannot listen tries again until it can', async () => {
    const { rig, bus, said, causes } = rigged()
    rig.listens = false
    bus.subscribe('feed', () => {})
    await until(() => rig.listened > 2)
    expect(bus.figures().heard).toBe(false)
    rig.listens = true
    await until(() => bus.figures().heard)
    expect(said).toHaveLength(2)
    expect(causes.map(String), 'it says why').toEqual(['Error: nobody there'])
  })
})

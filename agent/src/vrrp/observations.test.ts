import { describe, expect, it } from 'vitest'
import { address, prefix, routerConfig } from './examples.test.support.ts'
import { NOTHING_SEEN, observe, type Sight, type SightMemory } from './observations.ts'
import type { State } from './virtual-router.ts'

const T = 1_000_000
const OURS = address('192.0.2.1')
const LOWER = address('192.0.2.0')
const PEER = address('192.0.2.2')
const ACTIVE: State = { role: 'active', advertiseAt: T, reassertedAt: null }
const BACKUP: State = {
  ...{ role: 'backup', activeDownAt: T, activeIntervalMs: 1000, lastHeard: null, preemptAt: null },
  ...{ resigned: false, preempting: false, isWilling: false },
}

interface Story {
  readonly config?: Parameters<typeof routerConfig>[0]
  readonly state?: State
  readonly roleSince?: number
}

/** Hears one advertisement after the other; what each showed. */
function hear(
  { config = {}, state = BACKUP, roleSince = 0 }: Story,
  heard: readonly (Partial<Sight['advertisement']> & {
    readonly source?: Sight['source']
    readonly atMs?: number
  })[],
): string[][] {
  const ours = routerConfig(config)
  let memory: SightMemory = NOTHING_SEEN
  return heard.map(({ source = PEER, atMs = 0, ...changes }) => {
    const advertisement = {
      ...{ version: ours.version, vrid: ours.vrid, priority: 150, intervalMs: ours.advertisementIntervalMs },
      addresses: ours.addresses.map((each) => each.address),
      ...changes,
    }
    const parameters = { config: ours, source: OURS, priority: ours.priority }
    const result = observe(memory, { parameters, state, roleSince, source, advertisement }, T + atMs)
    memory = result.memory
    return result.sightings.map(
      ({ finding, evidence }) =>
        `${finding} ${Object.entries(evidence)
          .map(([key, value]) => `${key}=${value}`)
          .join(' ')}`,
    )
  })
}

describe('RFC 9568 §7.1: what should be logged', () => {
  it('nothing, of an active that is configured as we are', () => {
    expect(hear({}, [{}, { atMs: 1000 }])).toEqual([[], []])
  })

  it('another interval (version 3)', () => {
    expect(hear({}, [{ intervalMs: 500 }])).toEqual([['interval priority=150 ours=1000 theirs=500']])
  })

  it('other addresses', () => {
    const addresses = [address('192.0.2.100'), address('192.0.2.101')]
    expect(hear({}, [{ addresses }])).toEqual([
      ['address-list priority=150 ours=192.0.2.100 theirs=192.0.2.100 192.0.2.101'],
    ])
  })

  it('not: the same addresses in another order', () => {
    const config = { addresses: [prefix('192.0.2.100/24'), prefix('192.0.2.101/24')] }
    expect(hear({ config }, [{ addresses: [address('192.0.2.101'), address('192.0.2.100')] }])).toEqual([[]])
  })

  it('skip_check_adv_addr: compareAddressLists off compares once for each sender', () => {
    const addresses = [address('192.0.2.7')]
    const found = hear({ config: { compareAddressLists: false } }, [{ addresses }, { addresses }])
    expect(found.map(({ length }) => length)).toEqual([1, 0])
    const always = hear({}, [{ addresses }, { addresses }])
    expect(always.map(({ length }) => length)).toEqual([1, 1])
  })

  it('erratum 8298: an owner that hears another owner', () => {
    const story = { config: { priority: 255 }, state: ACTIVE }
    expect(hear(story, [{ priority: 255 }])).toEqual([['two-owners priority=255']])
  })

  it('nothing of a resignation', () => {
    expect(hear({ state: ACTIVE }, [{ priority: 0, intervalMs: 500, addresses: [] }])).toEqual([[]])
  })
})

describe('a twin', () => {
  it('has our priority and our address', () => {
    expect(hear({}, [{ priority: 100, source: OURS }])).toEqual([['twin priority=100']])
    expect(hear({}, [{ priority: 99, source: OURS }])).toEqual([[]])
  })
})

describe('a lower-priority active heard while active', () => {
  it('notify_master_rx_lower_pri: is a sign of a split brain', () => {
    expect(hear({ state: ACTIVE }, [{ priority: 90 }])).toEqual([
      ['lower-priority-active priority=90 ours=100 inARow=1'],
    ])
  })

  it('of equal priority and a lower address is one too, and with a higher address it is none', () => {
    const [lower, higher] = hear({ state: ACTIVE }, [
      { priority: 100, source: LOWER },
      { priority: 100, source: PEER },
    ])
    expect([lower?.length, higher?.length]).toEqual([1, 0])
  })

  it('is not the last word of the one that we have just preempted', () => {
    expect(hear({ state: ACTIVE, roleSince: T - 5 }, [{ priority: 90 }])).toEqual([[]])
    expect(
      hear({ state: ACTIVE, roleSince: T - 5 }, [{ priority: 90 }, { priority: 90, atMs: 999 }])[1],
    ).toHaveLength(1)
  })

  it('that goes on does not hear us', () => {
    const heard = [0, 1000, 2000].map((atMs) => ({ priority: 90, atMs }))
    expect(hear({ state: ACTIVE }, heard).map((each) => each.map((line) => line.split(' ')[0]))).toEqual([
      ['lower-priority-active'],
      ['lower-priority-active'],
      ['lower-priority-active', 'unheard'],
    ])
  })

  it('that was read all at once has not been answered in between', () => {
    const heard = [0, 0, 0, 1].map((atMs) => ({ priority: 90, atMs }))
    expect(
      hear({ state: ACTIVE }, heard)
        .flat()
        .some((line) => line.startsWith('unheard')),
    ).toBe(false)
  })

  it('now and then is another one each time', () => {
    const heard = [0, 60_000, 120_000].map((atMs) => ({ priority: 90, atMs }))
    expect(
      hear({ state: ACTIVE }, heard)
        .flat()
        .some((line) => line.startsWith('unheard')),
    ).toBe(false)
  })
})

describe('several actives heard as a backup', () => {
  const third = address('192.0.2.3')

  it('are two that are heard in turn', () => {
    const heard = [PEER, third, PEER, third, PEER, third].map((source, i) => ({ source, atMs: 500 * i }))
    expect(hear({}, heard).at(-1)).toEqual(['several-actives priority=150 beside=192.0.2.2'])
  })

  it('not: one that took over from another, which had the last word and was answered', () => {
    const sources = [PEER, PEER, third, PEER, third, third, third]
    const heard = sources.map((source, i) => ({
      source,
      atMs: [0, 1000, 1600, 1601, 1602, 2600, 3600][i] ?? 0,
    }))
    expect(hear({}, heard).flat()).toEqual([])
  })

  it('not: changes that are far apart', () => {
    const heard = [PEER, third, PEER, third].map((source, i) => ({ source, atMs: 60_000 * i }))
    expect(hear({}, heard).flat()).toEqual([])
  })
})

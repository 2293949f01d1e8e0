import type { Site } from '@aloft/shared/api/schemas'
import { describe, expect, it } from 'vitest'
import { fleetTotals } from '../overview/totals.ts'
import { worstFirst } from './worst-first.ts'

function site(name: string, changes: Partial<Site['virtualRouters']> = {}, connected = 2): Site {
  return {
    id: name,
    name,
    agents: { total: 2, connected, silent: 0, down: 0, unknown: 2 - connected },
    virtualRouters: { total: 1, served: 1, splitBrain: 0, noActive: 0, unknown: 0, ...changes },
    lastFailoverAt: null,
  }
}

describe('worstFirst', () => {
  it('puts split brain before no active before unknown before a missing agent before health', () => {
    const sites = [
      site('healthy'),
      site('missing', {}, 1),
      site('unknown', { served: 0, unknown: 1 }),
      site('dark', { served: 0, noActive: 1 }),
      site('split', { served: 0, splitBrain: 1 }),
    ]
    expect(sites.sort(worstFirst).map(({ name }) => name)).toEqual([
      'split',
      'dark',
      'unknown',
      'missing',
      'healthy',
    ])
  })

  it('orders equals by name', () => {
    expect([site('b'), site('a')].sort(worstFirst).map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

describe('fleetTotals', () => {
  it('adds up what the sites report', () => {
    const totals = fleetTotals([site('a'), site('b', { served: 0, unknown: 1 }, 1)])
    expect(totals).toEqual({
      sites: 2,
      agents: 4,
      connected: 3,
      virtualRouters: 2,
      served: 1,
      splitBrain: 0,
      noActive: 0,
      unknown: 1,
    })
  })
})

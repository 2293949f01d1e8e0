import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { configSchema } from './json-schema.ts'

describe('the JSON Schema', () => {
  // zod reads the published schema back, as an editor would.
  const published = z.fromJSONSchema(configSchema())
  const router = { name: 'web', interface: 'eth0', vrid: 51, addresses: ['192.0.2.100/24'] }

  it('is of draft 2020-12 and allows no key it does not name', () => {
    expect(configSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Aloft agent config',
      additionalProperties: false,
      required: ['node', 'virtualRouters'],
    })
  })

  it.each([
    ['the smallest config', { node: 'lb1', virtualRouters: [router] }, true],
    ['a preempt delay', { node: 'lb1', virtualRouters: [{ ...router, preempt: { delay: '30s' } }] }, true],
    ['an ipvlan', { node: 'lb1', virtualRouters: [{ ...router, ipvlan: { mode: 'vepa' } }] }, true],
    ['an ipvlan on layer 3', { node: 'lb1', virtualRouters: [{ ...router, ipvlan: { mode: 'l3' } }] }, false],
    ['VRID 0', { node: 'lb1', virtualRouters: [{ ...router, vrid: 0 }] }, false],
    [
      'an interval without a unit',
      { node: 'lb1', virtualRouters: [{ ...router, advertisementInterval: '100' }] },
      false,
    ],
    ['no address', { node: 'lb1', virtualRouters: [{ ...router, addresses: [] }] }, false],
    ['an unknown key', { node: 'lb1', virtualRouters: [], colour: 1 }, false],
  ])('judges %s as the agent does', (_, config, valid) =>
    expect(published.safeParse(config).success).toBe(valid),
  )

  it('describes every key of a virtual router and states the defaults', () => {
    const text = JSON.stringify(configSchema())
    const schema = z
      .object({
        properties: z.object({
          virtualRouters: z.object({
            items: z.object({ properties: z.record(z.string(), z.record(z.string(), z.unknown())) }),
          }),
        }),
      })
      .parse(JSON.parse(text))
    const keys = schema.properties.virtualRouters.items.properties
    for (const [key, described] of Object.entries(keys))
      expect(described['description'], key).toEqual(expect.any(String))
    const defaults = Object.entries(keys).map(([key, described]) => [key, described['default']] as const)
    expect(Object.fromEntries(defaults.filter(([, value]) => value !== undefined))).toMatchObject({
      version: 3,
      priority: 100,
      advertisementInterval: '1s',
      preempt: true,
      checksum: 'pseudo-header',
    })
  })
})

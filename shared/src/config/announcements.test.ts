import { describe, expect, it } from 'vitest'
import { ANNOUNCEMENT_DEFAULTS } from './announcements-config.ts'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'

function loaded(more: string) {
  const result = loadAgentConfig(written({ more }))
  if ('diagnostics' in result) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'))
  return result.config
}

const announcements = (text: string) => loaded(`    announcements: ${text}`).virtualRouters[0]?.announcements

describe('announcements', () => {
  it('are keepalived’s where the config says nothing', () => {
    expect(loaded('').virtualRouters[0]?.announcements).toEqual(ANNOUNCEMENT_DEFAULTS)
    expect(ANNOUNCEMENT_DEFAULTS).toMatchObject({ repeat: 5, delayMs: 5000, refreshMs: 0, refreshRepeat: 1 })
  })

  it('for a lower priority are as those for becoming active, unless they are given', () => {
    expect(announcements('{ repeat: 2, delay: 1s }')).toMatchObject({
      lowerPriorityRepeat: 2,
      lowerPriorityDelayMs: 1000,
    })
    expect(announcements('{ repeat: 2, lowerPriorityRepeat: 0, lowerPriorityDelay: 3s }')).toMatchObject({
      lowerPriorityRepeat: 0,
      lowerPriorityDelayMs: 3000,
    })
  })

  it('have a pace on an interface and in a group', () => {
    const { interfaces, announcementGroups } = loaded(
      'interfaces: [{ name: eth0, arpInterval: 0.5ms }]\nannouncementGroups: [{ interfaces: [eth1, eth2], neighborAdvertisementInterval: 2ms }]',
    )
    expect(interfaces).toEqual([
      { name: 'eth0', upDelayMs: 0, downDelayMs: 0, arpIntervalMs: 0.5, neighborAdvertisementIntervalMs: 0 },
    ])
    expect(announcementGroups).toEqual([
      { interfaces: ['eth1', 'eth2'], arpIntervalMs: 0, neighborAdvertisementIntervalMs: 2 },
    ])
  })
})

// biome-ignore format: one case a line
const mistakes: readonly (readonly [what: string, more: string, expected: readonly string[]])[] = [
  ['a repeat of 0', '    announcements: { repeat: 0 }', ['7:30 error out-of-range repeat must be a whole number from 1 to 100, not 0']],
  ['a delay without a unit', '    announcements: { delay: 5 }', ['7:29 error wrong-unit delay is 5 without a unit | write 5ms or 5s']],
  ['an unknown key', '    announcements: { repeats: 5 }', ['7:22 error unknown-key unknown key repeats | did you mean repeat?']],
  ['an additional interface that is the router’s own', '    announcements: { alsoOn: [eth0] }', ['7:31 warning announcement-interfaces eth0 hears every announcement anyway | remove it from alsoOn']],
  ['a period for no additional interface', '    announcements: { alsoOnInterval: 60s }', ['7:38 warning announcement-interfaces alsoOnInterval has no effect without alsoOn | name the interfaces in alsoOn, or remove it']],
  ['garp_extra_if: more than a day', '    announcements: { alsoOn: [eth1], alsoOnInterval: 25h }', ['7:54 error out-of-range alsoOnInterval must be from 0s to 1d, not 25h | write 1d or less']],
  ['a repeat of a refresh that is off', '    announcements: { refreshRepeat: 3 }', ['7:37 warning announcement-refresh refreshRepeat has no effect without refresh | write refresh: 60s, or remove it']],
  ['an interface in two groups', 'announcementGroups: [{ interfaces: [eth0] }, { interfaces: [eth1, eth0] }]', ['7:67 error duplicate-group-interface eth0 is in an announcement group already | an interface keeps the pace of one group']],
]

describe('a mistake in announcements', () => {
  it.each(mistakes)('%s', (_, more, expected) => expect(findings(written({ more }))).toEqual(expected))
})

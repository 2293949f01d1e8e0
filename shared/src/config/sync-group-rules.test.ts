/** keepalived-and-vrrp.md §1.8: what keepalived drops or only logs of a sync group is a diagnostic; and what groups come to. */
import { describe, expect, it } from 'vitest'
import { findings } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'

interface Changes {
  readonly inside?: string
  readonly outside?: string
  readonly groups: string
  readonly more?: string
}

function text({ inside = '', outside = '', groups, more = '' }: Changes): string {
  return `node: lb1
virtualRouters:
  - { name: inside, interface: eth0, vrid: 51, addresses: [192.0.2.100/24]${inside} }
  - { name: outside, interface: eth1, vrid: 51, addresses: [198.51.100.100/24]${outside} }
syncGroups:
${groups}
${more}`
}

// biome-ignore format: one case a line
const cases: readonly (readonly [string, Changes, readonly string[]])[] = [
  ['two members', { groups: '  - { name: g, members: [inside, outside] }' }, []],
  ['an unknown member', { groups: '  - { name: g, members: [inside, outsdie] }' }, ['6:34 error unknown-member there is no virtual router outsdie | did you mean outside?']],
  ['a member of two groups', { groups: '  - { name: g, members: [inside, outside] }\n  - { name: h, members: [inside, outside] }' }, ['7:26 error two-sync-groups inside is already a member of sync group g | a virtual router belongs to one sync group', '7:34 error two-sync-groups outside is already a member of sync group g | a virtual router belongs to one sync group']],
  ['a member twice', { groups: '  - { name: g, members: [inside, outside, inside] }' }, ['6:43 error two-sync-groups inside is a member twice | remove it']],
  ['an empty group', { groups: '  - { name: g, members: [] }' }, ['6:25 error empty-sync-group sync group g has no members | name two virtual routers, or remove it']],
  ['one member', { groups: '  - { name: g, members: [inside] }' }, ['6:25 warning lone-member sync group g has one member, which it changes nothing for | name the others, or remove the group']],
  ['an owner among others', { inside: ', priority: 255', groups: '  - { name: g, members: [inside, outside] }' }, ['6:25 warning mixed-owners inside owns its addresses and other members do not; the owner is never active before they are | give all members priority 255, or none']],
  ['owners only', { inside: ', priority: 255', outside: ', priority: 255', groups: '  - { name: g, members: [inside, outside] }' }, []],
  ['weights that are ignored', { inside: ', track: [{ interface: eth2, weight: -10 }]', groups: '  - { name: g, members: [inside, outside] }' }, ['6:26 warning ignored-weights inside has weighted trackers, which sync group g ignores | write trackWeights: true, or weight: 0']],
  ['weights that are wanted', { inside: ', track: [{ interface: eth2, weight: -10 }]', groups: '  - { name: g, members: [inside, outside], trackWeights: true }' }, []],
  ['a name used twice', { groups: '  - { name: g, members: [inside] }\n  - { name: g, members: [outside] }' }, ['6:25 warning lone-member sync group g has one member, which it changes nothing for | name the others, or remove the group', '7:13 error duplicate-name the name g is already used by another sync group | give each its own name', '7:25 warning lone-member sync group g has one member, which it changes nothing for | name the others, or remove the group']],
  ['a tracker that is not there', { groups: '  - { name: g, members: [inside, outside], track: [{ script: haproxy }] }' }, ['6:62 error unknown-tracker there is no script haproxy | define it under trackers.scripts']],
]

describe('sync groups', () => {
  it.each(cases)('%s', (_, changes, expected) => {
    expect(findings(text(changes))).toEqual(expected)
  })

  it('a member tracks what its group does, and no weights unless the group wants them', () => {
    const tracksOf = (trackWeights: boolean) => {
      const track = '[{ interface: eth2 }, { interface: eth3, weight: 5 }]'
      const loaded = loadAgentConfig(
        text({
          inside: ', track: [{ interface: eth4, weight: -7 }, { interface: eth2, weight: 9 }]',
          groups: `  - { name: g, members: [inside, outside], trackWeights: ${trackWeights}, track: ${track} }`,
        }),
      )
      if (!('config' in loaded)) throw new Error('refused')
      return loaded.config.virtualRouters.map((router) =>
        router.track.map(({ name, weight }) => `${name} ${weight}`),
      )
    }
    expect(tracksOf(false)).toEqual([['eth2 0'], ['eth2 0']])
    expect(tracksOf(true)).toEqual([
      ['eth4 -7', 'eth2 0', 'eth3 5'],
      ['eth2 0', 'eth3 5'],
    ])
  })

  it('a group of one router with both families is a pair', () => {
    const both = `node: lb1
virtualRouters:
  - { name: both, interface: eth0, vrid: 51, addresses: [192.0.2.100/24, "fe80::100/64"] }
syncGroups: [{ name: g, members: [both] }]
`
    expect(findings(both)).toEqual([])
  })
})

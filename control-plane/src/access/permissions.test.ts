import { describe, expect, it } from 'vitest'
import { reachOf, reachOfCaller } from './permissions.ts'

const at = (role: 'viewer' | 'operator' | 'admin', ...siteIds: string[]) => ({ role, siteIds })
const everywhere = (role: 'viewer' | 'operator' | 'admin') => ({ role, siteIds: null })

describe('where grants give a permission', () => {
  it('is the sites of those grants whose role holds it', () => {
    expect(reachOf([at('viewer', 'a', 'b'), at('operator', 'b', 'c')], 'agents.operate')).toEqual(['b', 'c'])
    expect(reachOf([at('viewer', 'a', 'b'), at('operator', 'b', 'c')], 'fleet.read')).toEqual(['a', 'b', 'c'])
  })
  it('is everywhere by one grant that is', () => {
    expect(reachOf([at('viewer', 'a'), everywhere('viewer')], 'fleet.read')).toBe('everywhere')
  })
  it('is nowhere without a grant', () => expect(reachOf([], 'account.own')).toEqual([]))
  it('of what is about all sites is not given by some', () => {
    expect(reachOf([at('admin', 'a')], 'users.manage')).toEqual([])
    expect(reachOf([everywhere('admin')], 'users.manage')).toBe('everywhere')
  })
  it('of one’s own account is given by any', () => {
    expect(reachOf([at('viewer', 'a')], 'account.own')).toBe('everywhere')
  })
})

describe('a token of an owner', () => {
  it('reaches what both reach', () => {
    const reach = (grants: ReturnType<typeof at>[], within: ReturnType<typeof at>[]) =>
      reachOfCaller({ grants, within }, 'fleet.read')
    expect(reach([at('viewer', 'a', 'b')], [at('viewer', 'b', 'c')])).toEqual(['b'])
    expect(
      reachOfCaller({ grants: [everywhere('admin')], within: [at('viewer', 'a')] }, 'fleet.read'),
    ).toEqual(['a'])
    expect(
      reachOfCaller({ grants: [everywhere('admin')], within: [everywhere('viewer')] }, 'users.manage'),
    ).toEqual([])
    expect(reachOfCaller({ grants: [at('viewer', 'a')], within: null }, 'fleet.read')).toEqual(['a'])
  })
})

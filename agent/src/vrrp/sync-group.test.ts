/** keepalived-and-vrrp.md §1.8, "Group state rules", one by one; then what holds of any group. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Member, nextOrder, type Order } from './sync-group.ts'

function member(role: Member['role'], changes: Partial<Member> = {}): Member {
  return { role, isWilling: false, isFaulty: false, isHeldBack: false, ...changes }
}
const ACTIVE = member('active')
const BACKUP = member('backup')
const WILLING = member('backup', { isWilling: true })
const FAULTY = member('fault', { isFaulty: true })
const HELD_BACK = member('fault', { isHeldBack: true })

/** What a member is once it has done what it was told; its machine and the loop do the same. */
function obeyed(members: readonly Member[], order: Order): readonly Member[] {
  return members.map((each, i) => {
    if (i !== order.member) return each
    if (order.do === 'hold-back') return member('fault', { isFaulty: each.isFaulty, isHeldBack: true })
    if (order.do === 'let-go') return each.isFaulty ? { ...each, isHeldBack: false } : BACKUP
    return order.do === 'become-active' ? ACTIVE : BACKUP
  })
}

function settled(members: readonly Member[]): readonly Member[] {
  let now = members
  for (let turns = 0; turns <= 4 * members.length; turns++) {
    const order = nextOrder(now)
    if (order === null) return now
    now = obeyed(now, order)
  }
  throw new Error(`never settles: ${JSON.stringify(members)}`)
}
const roles = (members: readonly Member[]) => settled(members).map(({ role }) => role)

describe('a sync group', () => {
  it('is active only when every member can be', () => {
    expect(roles([WILLING, BACKUP])).toEqual(['backup', 'backup'])
    expect(roles([WILLING, WILLING])).toEqual(['active', 'active'])
    expect(roles([WILLING, ACTIVE, WILLING])).toEqual(['active', 'active', 'active'])
  })

  it('the first member to leave pulls all', () => {
    expect(roles([ACTIVE, BACKUP, ACTIVE])).toEqual(['backup', 'backup', 'backup'])
  })

  it('one fault puts all into fault', () => {
    expect(roles([ACTIVE, FAULTY, ACTIVE])).toEqual(['fault', 'fault', 'fault'])
    expect(nextOrder([ACTIVE, FAULTY])).toEqual({ do: 'hold-back', member: 0, cause: 1 })
  })

  it('leaves fault when all members are clean', () => {
    expect(roles([HELD_BACK, FAULTY])).toEqual(['fault', 'fault'])
    expect(roles([HELD_BACK, BACKUP, HELD_BACK])).toEqual(['backup', 'backup', 'backup'])
  })

  it('a member that has not begun to take part keeps the others from being active', () => {
    expect(roles([ACTIVE, member('initialize')])).toEqual(['backup', 'initialize'])
  })

  it('whatever its members are, it settles, and never with some of them active only, or in fault only', () => {
    const any = fc
      .record({
        role: fc.constantFrom('initialize' as const, 'backup' as const, 'active' as const),
        isWilling: fc.boolean(),
        isFaulty: fc.boolean(),
        isHeldBack: fc.boolean(),
      })
      .map((each) => (each.isFaulty || each.isHeldBack ? { ...each, role: 'fault' as const } : each))
    const property = fc.property(fc.array(any, { maxLength: 6 }), (members) => {
      const after = settled(members).filter(({ role }) => role !== 'initialize')
      const isWhole = (role: Member['role']) =>
        [0, after.length].includes(after.filter((each) => each.role === role).length)
      expect([isWhole('active'), isWhole('fault')]).toEqual([true, true])
    })
    fc.assert(property, { seed: 1, numRuns: 2000 })
  })
})

/** Which running virtual routers are active together or not at all, and who of them must be told what. */
import type { SyncGroup } from '@aloft/shared/config/sync-group-config'
import { type Member, nextOrder, type Order } from '../../vrrp/sync-group.ts'
import type { Event } from '../../vrrp/virtual-router.ts'
import type { Fault } from './faults.ts'
import type { Instance } from './instance.ts'

/** What a member can be told. */
interface MemberEffects {
  step(instance: Instance, event: Event, now: number): void
  /** It is in fault because of the others; empty: no longer. */
  holdBack(instance: Instance, faults: readonly Fault[], now: number): void
}

interface RunningGroup {
  readonly name: string
  readonly members: readonly Instance[]
}

export class SyncGroups {
  readonly #effects: MemberEffects
  #groups: readonly SyncGroup[] = []
  #byMember: ReadonlyMap<Instance, RunningGroup> = new Map()
  /** While members are stopped and started, or do what they were told, a group is not as it will be. */
  #isMoving = false

  constructor(effects: MemberEffects) {
    this.#effects = effects
  }

  /** From now on these groups, once `assemble` has said who their members are. */
  begin(groups: readonly SyncGroup[]): void {
    this.#groups = groups
    this.#byMember = new Map()
  }

  includes(name: string): boolean {
    return this.#groups.some(({ members }) => members.includes(name))
  }

  assemble(running: Iterable<Instance>, now: number): void {
    const all = [...running]
    const groups = this.#groups.map(({ name, members }): RunningGroup => {
      return { name, members: all.filter(({ config }) => members.includes(config.name)) }
    })
    this.#byMember = new Map(
      groups.flatMap((group) => group.members.map((member) => [member, group] as const)),
    )
    for (const group of groups) this.#settle(group, now)
  }

  /** What of the groups there was is over: members move on their own. */
  dissolve(): void {
    this.begin([])
  }

  /** Something happened to a router: its group, if it has one, is made whole again. */
  follow(instance: Instance, now: number): void {
    const group = this.#byMember.get(instance)
    if (group !== undefined) this.#settle(group, now)
  }

  othersOf(instance: Instance): readonly Instance[] {
    return this.#byMember.get(instance)?.members.filter((member) => member !== instance) ?? []
  }

  #settle(group: RunningGroup, now: number): void {
    if (this.#isMoving) return
    this.#isMoving = true
    try {
      // Each member is told four things at most; an election must go on even if this were wrong.
      for (let left = 4 * group.members.length; left > 0; left--) {
        const order = nextOrder(group.members.map(memberOf))
        if (order === null) return
        this.#give(group, order, now)
      }
    } finally {
      this.#isMoving = false
    }
  }

  #give({ name, members }: RunningGroup, order: Order, now: number): void {
    const member = members[order.member]
    if (member === undefined) throw new RangeError(`sync group ${name} has no member ${order.member}`)
    switch (order.do) {
      case 'hold-back': {
        const cause = members[order.cause]?.config.name ?? 'another member'
        this.#effects.holdBack(
          member,
          [{ reason: 'sync-group', what: `${cause} of sync group ${name}` }],
          now,
        )
        return
      }
      case 'let-go':
        this.#effects.holdBack(member, [], now)
        return
      case 'become-active':
        this.#effects.step(member, { kind: 'group-active' }, now)
        return
      case 'become-backup':
        this.#effects.step(member, { kind: 'group-backup' }, now)
    }
  }
}

function memberOf({ state, faults }: Instance): Member {
  return {
    role: state.role,
    isWilling: state.role === 'backup' && state.isWilling,
    isFaulty: [...faults.keys()].some((source) => source !== 'sync-group'),
    isHeldBack: faults.has('sync-group'),
  }
}

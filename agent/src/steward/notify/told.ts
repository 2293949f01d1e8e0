/**
 * What people, scripts and pipes are told of an event: keepalived's words, from ours. Pure: what was told before is in
 * the memory, so that a steward that starts again goes on where its predecessor was.
 */
import type { EventBody, Role, TransitionBody } from '@aloft/shared/protocol/events'

/** keepalived's names of the states. */
export type ToldState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP' | 'DELETED'
export type ToldWord = ToldState | 'MASTER_RX_LOWER_PRI' | 'MASTER_PRIORITY' | 'BACKUP_PRIORITY'

export interface Told {
  readonly kind: 'INSTANCE' | 'GROUP'
  readonly name: string
  readonly word: ToldWord
  /** 0 for groups. */
  readonly priority: number
  /** RFC 8347's word, where there is one. */
  readonly reason: string | null
  readonly family: 'ipv4' | 'ipv6' | null
  /** Said before; only pipes that asked for it hear it again. */
  readonly isAgain: boolean
}

interface Remembered {
  readonly name: string
  readonly role: Role
  readonly priority: number
  readonly family: 'ipv4' | 'ipv6'
}

export interface Memory {
  /** By name and family. */
  readonly instances: Readonly<Record<string, Remembered>>
  readonly groups: Readonly<Record<string, ToldState>>
  /** A router process has begun, and has not been given its first config yet: that one is not a reload. */
  readonly isStarting: boolean
}

export const NOTHING_TOLD: Memory = { instances: {}, groups: {}, isStarting: true }

/** Of the config that runs now. */
export interface Known {
  readonly groups: readonly { readonly name: string; readonly members: readonly string[] }[]
  /** Whether the virtual router is in the config. */
  isConfigured(name: string): boolean
  /** Whether it wants to hear that it was deleted; if not, that is told as a fault. */
  hearsDeleted(name: string): boolean
}

const WORD: Readonly<Record<Role, ToldState>> = {
  active: 'MASTER',
  backup: 'BACKUP',
  fault: 'FAULT',
  initialize: 'STOP',
}

/** What an event adds to the memory, and what is to be said because of it, in this order. */
export function tell(
  memory: Memory,
  body: EventBody,
  known: Known,
): { readonly memory: Memory; readonly told: readonly Told[] } {
  switch (body.kind) {
    case 'transition':
      return tellTransition(memory, body, known)
    case 'priority':
      return tellPriority(memory, body)
    case 'lan': {
      if (body.finding !== 'lower-priority-active' || body.virtualRouter === null) return { memory, told: [] }
      const { virtualRouter: name, family } = body
      const priority = memory.instances[keyOf(name, family)]?.priority ?? 0
      const word = 'MASTER_RX_LOWER_PRI'
      return {
        memory,
        told: [{ kind: 'INSTANCE', name, word, priority, reason: null, family, isAgain: false }],
      }
    }
    case 'process':
      if (body.process !== 'router' || body.what !== 'started') return { memory, told: [] }
      return { memory: { ...memory, isStarting: true }, told: [] }
    case 'config':
      if (body.outcome !== 'running') return { memory, told: [] }
      return { memory: { ...memory, isStarting: false }, told: memory.isStarting ? [] : everything(memory) }
    default:
      return { memory, told: [] }
  }
}

function keyOf(name: string, family: string): string {
  return `${name} ${family}`
}

function tellTransition(memory: Memory, body: TransitionBody, known: Known) {
  const { virtualRouter: name, family, to: role, priority, reason } = body
  const key = keyOf(name, family)
  const instances = { ...memory.instances, [key]: { name, role, priority, family } }
  const isOver = role === 'initialize' && reason === 'configuration'
  // A router that changed is stopped and started within one turn; what it is afterwards is news, the moment between is not.
  if (isOver && known.isConfigured(name)) return { memory, told: [] }
  if (isOver) delete instances[key]
  const word = isOver ? (known.hearsDeleted(name) ? 'DELETED' : 'FAULT') : WORD[role]
  const told: Told[] = [{ kind: 'INSTANCE', name, word, priority, reason, family, isAgain: false }]
  const groups = { ...memory.groups }
  for (const group of known.groups) {
    if (!group.members.includes(name)) continue
    const state = groupState(group.members, instances)
    if (state === null || groups[group.name] === state) continue
    groups[group.name] = state
    told.push({
      kind: 'GROUP',
      name: group.name,
      word: state,
      priority: 0,
      reason,
      family: null,
      isAgain: false,
    })
  }
  return { memory: { ...memory, instances, groups }, told }
}

/** Active only together; in fault as soon as one member is. Null: no member has been heard of. */
function groupState(members: readonly string[], instances: Memory['instances']): ToldState | null {
  const roles = Object.values(instances).flatMap(({ name, role }) => (members.includes(name) ? [role] : []))
  if (roles.length === 0) return null
  if (roles.includes('fault')) return 'FAULT'
  if (roles.every((role) => role === 'active')) return 'MASTER'
  return roles.every((role) => role === 'initialize') ? 'STOP' : 'BACKUP'
}

function tellPriority(memory: Memory, body: Extract<EventBody, { kind: 'priority' }>) {
  const { virtualRouter: name, family, role, to: priority } = body
  const instances = { ...memory.instances, [keyOf(name, family)]: { name, role, priority, family } }
  const word = role === 'active' ? 'MASTER_PRIORITY' : role === 'backup' ? 'BACKUP_PRIORITY' : null
  const told: Told[] =
    word === null ? [] : [{ kind: 'INSTANCE', name, word, priority, reason: null, family, isAgain: false }]
  return { memory: { ...memory, instances }, told }
}

/** Every state once more, after a reload. */
function everything({ instances, groups }: Memory): Told[] {
  const rest = { reason: null, isAgain: true }
  return [
    ...Object.values(instances).map(
      ({ name, role, priority, family }): Told => ({
        kind: 'INSTANCE',
        name,
        word: WORD[role],
        priority,
        family,
        ...rest,
      }),
    ),
    ...Object.entries(groups).map(
      ([name, word]): Told => ({ kind: 'GROUP', name, word, priority: 0, family: null, ...rest }),
    ),
  ]
}

/** The line of a pipe, as keepalived writes it. */
export function fifoLine({ kind, name, word, priority }: Told): string {
  return `${kind} "${name}" ${word} ${priority}\n`
}

/**
 * What people, scripts and pipes are told of an event: keepalived's words, from ours. What was told before is in the
 * memory, so that a steward that starts again goes on where its predecessor was. An event says what it changes there:
 * a copy of what a thousand routers are, for each event of a thousand, would cost seconds.
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
  readonly instances: Record<string, Remembered>
  readonly groups: Record<string, ToldState>
  /** A router process has begun, and has not been given its first config yet: that one is not a reload. */
  isStarting: boolean
}

/** What an event changes in the memory. */
export interface Change {
  /** Null: it is to be forgotten. */
  readonly instance?: { readonly key: string; readonly is: Remembered | null }
  readonly groups?: Readonly<Record<string, ToldState>>
  readonly isStarting?: boolean
}

export function nothingTold(): Memory {
  return { instances: {}, groups: {}, isStarting: true }
}

/** Changes the memory as an event said. */
export function remember(memory: Memory, { instance, groups, isStarting }: Change): void {
  if (instance?.is === null) delete memory.instances[instance.key]
  else if (instance) memory.instances[instance.key] = instance.is
  Object.assign(memory.groups, groups)
  memory.isStarting = isStarting ?? memory.isStarting
}

const NO_CHANGE: Change = {}
const NOTHING = { change: NO_CHANGE, told: [] }

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

/** What an event changes in the memory, and what is to be said because of it, in this order. */
export function tell(
  memory: Memory,
  body: EventBody,
  known: Known,
): { readonly change: Change; readonly told: readonly Told[] } {
  switch (body.kind) {
    case 'transition':
      return tellTransition(memory, body, known)
    case 'priority':
      return tellPriority(body)
    case 'lan': {
      if (body.finding !== 'lower-priority-active' || body.virtualRouter === null) return NOTHING
      const { virtualRouter: name, family } = body
      const priority = memory.instances[keyOf(name, family)]?.priority ?? 0
      const word = 'MASTER_RX_LOWER_PRI'
      return {
        change: NO_CHANGE,
        told: [{ kind: 'INSTANCE', name, word, priority, reason: null, family, isAgain: false }],
      }
    }
    case 'process':
      if (body.process !== 'router' || body.what !== 'started') return NOTHING
      return { change: { isStarting: true }, told: [] }
    case 'config':
      if (body.outcome !== 'running') return NOTHING
      return { change: { isStarting: false }, told: memory.isStarting ? [] : everything(memory) }
    default:
      return NOTHING
  }
}

function keyOf(name: string, family: string): string {
  return `${name} ${family}`
}

function tellTransition(memory: Memory, body: TransitionBody, known: Known) {
  const { virtualRouter: name, family, to: role, priority, reason } = body
  const isOver = role === 'initialize' && reason === 'configuration'
  // A router that changed is stopped and started within one turn; what it is afterwards is news, the moment between is not.
  if (isOver && known.isConfigured(name)) return NOTHING
  const instance = { key: keyOf(name, family), is: isOver ? null : { name, role, priority, family } }
  const word = isOver ? (known.hearsDeleted(name) ? 'DELETED' : 'FAULT') : WORD[role]
  const told: Told[] = [{ kind: 'INSTANCE', name, word, priority, reason, family, isAgain: false }]
  const groups: Record<string, ToldState> = {}
  for (const group of known.groups) {
    if (!group.members.includes(name)) continue
    const state = groupState(group.members, [
      ...others(memory, instance.key),
      ...(instance.is ? [instance.is] : []),
    ])
    if (state === null || memory.groups[group.name] === state) continue
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
  return { change: { instance, groups }, told }
}

function others({ instances }: Memory, key: string): readonly Remembered[] {
  return Object.entries(instances).flatMap(([each, remembered]) => (each === key ? [] : [remembered]))
}

/** Active only together; in fault as soon as one member is. Null: no member has been heard of. */
function groupState(members: readonly string[], instances: readonly Remembered[]): ToldState | null {
  const roles = instances.flatMap(({ name, role }) => (members.includes(name) ? [role] : []))
  if (roles.length === 0) return null
  if (roles.includes('fault')) return 'FAULT'
  if (roles.every((role) => role === 'active')) return 'MASTER'
  return roles.every((role) => role === 'initialize') ? 'STOP' : 'BACKUP'
}

function tellPriority(body: Extract<EventBody, { kind: 'priority' }>) {
  const { virtualRouter: name, family, role, to: priority } = body
  const instance = { key: keyOf(name, family), is: { name, role, priority, family } }
  const word = role === 'active' ? 'MASTER_PRIORITY' : role === 'backup' ? 'BACKUP_PRIORITY' : null
  const told: Told[] =
    word === null ? [] : [{ kind: 'INSTANCE', name, word, priority, reason: null, family, isAgain: false }]
  return { change: { instance }, told }
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

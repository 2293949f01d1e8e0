import type { EventBody } from '@aloft/shared/protocol/events'
import { describe, expect, it } from 'vitest'
import { fifoLine, type Known, nothingTold, remember, tell } from './told.ts'

const KNOWN: Known = {
  groups: [{ name: 'G1', members: ['web', 'db'] }],
  isConfigured: () => true,
  hearsDeleted: () => false,
}

type Transition = Extract<EventBody, { kind: 'transition' }>

function transition(
  virtualRouter: string,
  to: Transition['to'],
  changes: Partial<Transition> = {},
): Transition {
  return {
    ...{ kind: 'transition', virtualRouter, vrid: 51, family: 'ipv4', interface: 'eth0', from: 'backup', to },
    ...{ reason: 'no-response', priority: 100, heard: null, outageMs: null, addresses: [] },
    ...changes,
  }
}

const configRuns: EventBody = { kind: 'config', revision: 'r', outcome: 'running', detail: null }
const routerStarts: EventBody = {
  kind: 'process',
  process: 'router',
  what: 'started',
  runId: 'r',
  detail: null,
}

/** The lines of a story, as a pipe hears them. */
function lines(bodies: readonly EventBody[], known: Partial<Known> = {}): string[] {
  const memory = nothingTold()
  return bodies.flatMap((body) => {
    const next = tell(memory, body, { ...KNOWN, groups: [], ...known })
    remember(memory, next.change)
    return next.told.map((each) => `${fifoLine(each).trimEnd()}${each.isAgain ? ' (again)' : ''}`)
  })
}

describe('keepalived-and-vrrp.md §1.11: the lines of a pipe', () => {
  it('a state is told by keepalived’s name for it, with the priority', () => {
    const roles = ['backup', 'active', 'fault', 'initialize'] as const
    expect(lines(roles.map((role) => transition('web', role)))).toEqual([
      'INSTANCE "web" BACKUP 100',
      'INSTANCE "web" MASTER 100',
      'INSTANCE "web" FAULT 100',
      'INSTANCE "web" STOP 100',
    ])
  })

  it('a router that the config no longer has is told as a fault, or as deleted to those who asked', () => {
    const removed = transition('web', 'initialize', { reason: 'configuration' })
    const isConfigured = () => false
    expect(lines([removed], { isConfigured })).toEqual(['INSTANCE "web" FAULT 100'])
    expect(lines([removed], { isConfigured, hearsDeleted: () => true })).toEqual([
      'INSTANCE "web" DELETED 100',
    ])
  })

  it('a router that changed is not told to have stopped', () => {
    const story = [
      transition('web', 'initialize', { reason: 'configuration' }),
      transition('web', 'backup', { from: 'initialize', reason: 'configuration' }),
    ]
    expect(lines(story)).toEqual(['INSTANCE "web" BACKUP 100'])
  })

  it('vrrp_notify_priority_changes: a priority that changed is told with the state it changed in', () => {
    const change = {
      kind: 'priority',
      virtualRouter: 'web',
      vrid: 51,
      family: 'ipv4',
      interface: 'eth0',
      why: 'script',
    } as const
    expect(
      lines([
        { ...change, role: 'active', from: 100, to: 50 },
        { ...change, role: 'backup', from: 50, to: 100 },
        { ...change, role: 'fault', from: 100, to: 90 },
      ]),
    ).toEqual(['INSTANCE "web" MASTER_PRIORITY 50', 'INSTANCE "web" BACKUP_PRIORITY 100'])
  })

  it('notify_master_rx_lower_pri: a lower priority heard is told with our own', () => {
    const heard: EventBody = {
      ...{ kind: 'lan', finding: 'lower-priority-active', interface: 'eth0', family: 'ipv4', vrid: 51 },
      ...{ virtualRouter: 'web', source: '192.0.2.2', evidence: { priority: 90 }, count: 1, windowMs: 0 },
    }
    expect(lines([transition('web', 'active'), heard])).toEqual([
      'INSTANCE "web" MASTER 100',
      'INSTANCE "web" MASTER_RX_LOWER_PRI 100',
    ])
  })

  it('no other finding of the LAN is told, nor a lower priority on a router that is none of ours', () => {
    const heard: EventBody = {
      ...{ kind: 'lan', finding: 'lower-priority-active', interface: 'eth0', family: 'ipv4', vrid: 51 },
      ...{ virtualRouter: 'web', source: '192.0.2.2', evidence: { priority: 90 }, count: 1, windowMs: 0 },
    }
    expect(
      lines([
        { ...heard, finding: 'foreign-router' },
        { ...heard, virtualRouter: null },
      ]),
    ).toEqual([])
  })

  it('fifo_write_vrrp_states_on_reload: the first config of a router process is no reload, a refused one neither', () => {
    const starts = [configRuns, transition('web', 'backup')]
    expect(lines(starts), 'that of the first process of all').toEqual(['INSTANCE "web" BACKUP 100'])
    const quiet: EventBody[] = [
      routerStarts,
      configRuns,
      { ...routerStarts, process: 'steward' },
      { ...routerStarts, what: 'lost' },
      { ...configRuns, outcome: 'refused' },
    ]
    expect(lines([...starts, ...quiet])).toEqual(['INSTANCE "web" BACKUP 100'])
    expect(lines([...starts, ...quiet, configRuns]), 'a reload it is, whoever else began meanwhile').toEqual([
      'INSTANCE "web" BACKUP 100',
      'INSTANCE "web" BACKUP 100 (again)',
    ])
  })

  it('fifo_write_vrrp_states_on_reload: every state again after a config that was not the first', () => {
    const story = [
      routerStarts,
      transition('web', 'backup'),
      configRuns,
      transition('web', 'active'),
      configRuns,
    ]
    expect(lines(story)).toEqual([
      'INSTANCE "web" BACKUP 100',
      'INSTANCE "web" MASTER 100',
      'INSTANCE "web" MASTER 100 (again)',
    ])
  })
})

describe('keepalived-and-vrrp.md §1.8: a sync group', () => {
  const group = { groups: KNOWN.groups }
  const groupLines = (bodies: readonly EventBody[]) =>
    lines(bodies, group).filter((line) => line.startsWith('GROUP'))

  it('is active when all members are, and backup as soon as one is not', () => {
    expect(
      groupLines([
        transition('web', 'backup'),
        transition('db', 'backup'),
        transition('web', 'active'),
        transition('db', 'active'),
        transition('web', 'backup'),
        transition('db', 'backup'),
      ]),
    ).toEqual(['GROUP "G1" BACKUP 0', 'GROUP "G1" MASTER 0', 'GROUP "G1" BACKUP 0'])
  })

  it('is in fault while one member is', () => {
    expect(
      groupLines([
        transition('web', 'fault'),
        transition('db', 'fault'),
        transition('web', 'backup'),
        transition('db', 'backup'),
      ]),
    ).toEqual(['GROUP "G1" FAULT 0', 'GROUP "G1" BACKUP 0'])
  })

  it('is not told of for a router that is none of its members, nor when the last of them is deleted', () => {
    expect(groupLines([transition('web', 'backup'), transition('other', 'fault')])).toEqual([
      'GROUP "G1" BACKUP 0',
    ])
    const deleted = transition('web', 'initialize', { reason: 'configuration' })
    const story = [transition('web', 'backup'), deleted]
    expect(lines(story, { ...group, isConfigured: () => false })).toEqual([
      'INSTANCE "web" BACKUP 100',
      'GROUP "G1" BACKUP 0',
      'INSTANCE "web" FAULT 100',
    ])
  })

  it('has stopped when all members have', () => {
    const story = ['active', 'initialize'] as const
    expect(groupLines(story.flatMap((to) => [transition('web', to), transition('db', to)]))).toEqual([
      'GROUP "G1" MASTER 0',
      'GROUP "G1" BACKUP 0',
      'GROUP "G1" STOP 0',
    ])
  })
})

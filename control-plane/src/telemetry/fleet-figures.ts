import { type Figure, gauge } from '@aloft/shared/metrics/exposition'
import { countCommands } from '../commands/count.ts'
import type { Queryable } from '../database/client.ts'
import { countReplicas, countSessions, selectBacklog, selectDuties, selectPartitions } from './store.ts'

export interface FleetFiguresOptions {
  readonly db: Queryable
  readonly replica: string
  readonly nowMs: number
}

/** A label for each agent would be a series for each agent: the worst are named, the others are in the sum. */
const WORST = 10

/** What the database says, the same at every replica but for `aloft_duty_here`. */
export async function fleetFigures({ db, replica, nowMs }: FleetFiguresOptions): Promise<readonly Figure[]> {
  const [backlog, sessions, replicas, duties, partitions, commands] = await Promise.all([
    selectBacklog(db, WORST),
    countSessions(db),
    countReplicas(db),
    selectDuties(db),
    selectPartitions(db),
    countCommands(db, nowMs),
  ])
  const many = (name: string, help: string, samples: Figure['samples']): Figure => {
    return { name, help, type: 'gauge', samples }
  }
  const ofDuty = (value: (duty: (typeof duties)[number]) => number) =>
    duties.map((duty) => ({ labels: { duty: duty.name }, value: value(duty) }))
  return [
    gauge('aloft_replicas', 'Control plane processes with a lease.', replicas),
    many(
      'aloft_sessions',
      'Live sessions, by the replica that holds them; `exchange` are those over HTTP requests.',
      sessions.map((row) => ({ labels: { replica: row.replica }, value: row.sessions })),
    ),
    gauge('aloft_spool_backlog_events', 'Events that agents hold and the centre does not.', backlog.events),
    gauge('aloft_spool_backlog_agents', 'Agents that hold such events.', backlog.agents),
    many(
      'aloft_spool_backlog_worst_events',
      `The same, of the ${WORST} agents with the most.`,
      backlog.worst.map(({ site, node, events }) => ({ labels: { site, node }, value: events })),
    ),
    gauge('aloft_event_partitions', 'Days of events that have a partition.', partitions.days),
    gauge('aloft_event_partitions_bytes', 'What all partitions of events occupy.', partitions.bytes),
    gauge(
      'aloft_event_stray_rows',
      'Events of clocks that are far off, in the default partition; an estimate.',
      partitions.strayRows ?? Number.NaN,
    ),
    many(
      'aloft_duty_last_start_timestamp_seconds',
      'When the duty was last begun, by any replica.',
      ofDuty(({ startedAtMs }) => startedAtMs / 1_000),
    ),
    many(
      'aloft_duty_failures',
      'Failures since the last success.',
      ofDuty(({ failures }) => failures),
    ),
    many(
      'aloft_duty_here',
      '1 at the replica that ran the duty last.',
      ofDuty((duty) => (duty.replica === replica ? 1 : 0)),
    ),
    many(
      'aloft_commands',
      'Commands that are kept, by kind and by what came of them.',
      commands.map(({ kind, outcome, count }) => ({ labels: { kind, outcome }, value: count })),
    ),
  ]
}

/** What Prometheus is told of BFD sessions. */
import type { Figure, Sample } from '@aloft/shared/metrics/exposition'
import type { BfdSessionStatus, BfdStatus } from '../router/loop/bfd-status.ts'

export function bfdFigures(status: BfdStatus | undefined): readonly Figure[] {
  if (status === undefined) return []
  const perSession = (
    name: string,
    help: string,
    type: Figure['type'],
    value: (session: BfdSessionStatus) => number,
  ) =>
    labelled(
      name,
      help,
      type,
      status.sessions.map((session) => ({ labels: labelsOf(session), value: value(session) })),
    )
  return [
    perSession('aloft_bfd_session_up', 'Whether the session is up.', 'gauge', ({ state }) =>
      Number(state === 'up'),
    ),
    perSession(
      'aloft_bfd_packets_sent_total',
      'Control packets sent.',
      'counter',
      ({ counters }) => counters.sent,
    ),
    perSession(
      'aloft_bfd_packets_received_total',
      'Control packets received.',
      'counter',
      ({ counters }) => counters.received,
    ),
    perSession(
      'aloft_bfd_session_lost_total',
      'Times the session went down.',
      'counter',
      ({ counters }) => counters.lost,
    ),
    labelled(
      'aloft_bfd_discards_total',
      'Control packets that no session took, by reason.',
      'counter',
      Object.entries(status.discarded).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
    labelled('aloft_bfd_false_alarms_total', 'Living actives taken for lost.', 'counter', [
      { labels: {}, value: status.falseAlarms },
    ]),
  ]
}

function labelsOf({ name, remote, interface: over }: BfdSessionStatus): Record<string, string> {
  return { session: name ?? 'pairing', remote, interface: over ?? '' }
}

function labelled(name: string, help: string, type: Figure['type'], samples: readonly Sample[]): Figure {
  return { name, help, type, samples }
}

import { counter, type Figure } from '@aloft/shared/metrics/exposition'
import type { BusFigures } from '../bus/bus.ts'

export function busFigures({ kind, heard, sent, received, lost }: BusFigures): readonly Figure[] {
  return [
    {
      name: 'aloft_bus_up',
      help: 'Whether this replica hears its own messages come back. 0 costs speed alone.',
      type: 'gauge',
      samples: [{ labels: { kind }, value: heard ? 1 : 0 }],
    },
    counter('aloft_bus_sent_total', 'Messages sent to other replicas.', sent),
    counter('aloft_bus_received_total', 'Messages of other replicas.', received),
    counter('aloft_bus_lost_total', 'Messages that could not be sent.', lost),
  ]
}
